//! Stand-ins for what lies outside the house, for tests: the network and the n8n behind it.

mod n8n;
mod network;

pub use n8n::{Execution, FakeN8n};
pub use network::{Network, Sent};
