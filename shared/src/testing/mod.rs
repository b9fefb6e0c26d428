//! Stand-ins for what lies outside the house, for tests: the network and the n8n behind it, and the faults that ports
//! have.

pub mod dump;
mod faults;
mod n8n;
mod network;

pub use faults::{Faults, Plan};
pub use n8n::{Credential, Execution, FakeN8n};
pub use network::{Network, Sent};
