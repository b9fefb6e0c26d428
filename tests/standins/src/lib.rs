//! Stand-ins for what lies outside the house: the network and the n8n behind it, the faults that ports have, crowds of
//! leads, a server that counts what reaches it, and what AWS would be asked for.
//!
//! Its one rule: no `crate::` in here. `shared` compiles these files into its unit tests as well, where they speak of the
//! types under test: a unit test cannot use what was built against another build of its own library.
// What clippy finds here differs between the two crates that this is compiled in: not `expect`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test without its surroundings cannot go on")]

pub mod crowd;
mod faults;
pub mod house;
mod n8n;
mod network;
pub mod rights;
pub mod sink;

pub use self::{
    faults::{Faults, Plan},
    n8n::{Credential, Execution, FakeN8n, Order},
    network::{Network, Sent},
};

pub use shared::store::embedded::dump;

/// JSON as a tree, to look at; none of what is no JSON.
pub fn json(text: impl AsRef<[u8]>) -> Option<serde_json::Value> {
    shared::json::from_slice(text.as_ref()).map(|shared::json::Tree(value)| value).ok()
}
