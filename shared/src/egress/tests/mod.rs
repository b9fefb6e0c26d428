//! The guard and the client against real sockets on this machine; nothing here leaves it.

mod exchange;
mod fakes;
mod rebinding;
mod secrecy;
mod spellings;
mod tls;
