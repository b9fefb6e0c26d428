//! The platform that every endpoint stands on: layers, extraction, replies, errors, the route table, the API document.

pub mod ack;
pub mod cookies;
pub(crate) mod credential;
pub mod ctx;
pub mod custom_fields;
pub mod deletion;
pub mod dialect;
pub mod entry;
pub mod extract;
pub mod fields;
pub mod first_party;
pub mod form;
pub mod group;
mod identities;
pub mod input;
pub mod layers;
pub mod member;
mod once;
pub mod openapi;
pub mod packed;
pub mod page;
pub mod peer;
pub mod problem;
pub mod proxies;
pub mod rate;
pub mod reply;
pub mod routes;
pub mod shown;
pub mod subject;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
