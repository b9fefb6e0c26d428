//! Stand-ins for what lies outside the house, for tests: the network and the n8n behind it, the faults that ports
//! have, and crowds of leads.

pub mod crowd;
pub mod dump;
mod faults;
mod n8n;
mod network;
pub mod rights;

pub use faults::{Faults, Plan};
pub use n8n::{Credential, Execution, FakeN8n};
pub use network::{Network, Sent};
