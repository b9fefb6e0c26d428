//! Stand-ins for what lies outside the house, for tests: the network and the n8n behind it, the faults that ports
//! have, crowds of leads, a server that counts what reaches it, what AWS would be asked for,
//! and what must hold of any bytes that others send.

#[cfg(feature = "testing")]
pub mod crowd;
#[cfg(feature = "testing")]
pub mod dump;
#[cfg(feature = "testing")]
pub mod effort;
#[cfg(feature = "testing")]
mod faults;
#[cfg(feature = "testing")]
pub mod fuzzing;
#[cfg(test)]
#[cfg(feature = "testing")]
pub(crate) mod house;
#[cfg(feature = "testing")]
mod n8n;
#[cfg(feature = "testing")]
mod network;
#[cfg(feature = "testing")]
pub mod rights;
pub mod sink;

#[cfg(feature = "testing")]
pub use faults::{Faults, Plan};
#[cfg(feature = "testing")]
pub use n8n::{Credential, Execution, FakeN8n, Order};
#[cfg(feature = "testing")]
pub use network::{Network, Sent};

/// JSON as a tree, to look at; none of what is no JSON.
pub fn json(text: impl AsRef<[u8]>) -> Option<serde_json::Value> {
    crate::json::from_slice(text.as_ref()).map(|crate::json::Tree(value)| value).ok()
}
