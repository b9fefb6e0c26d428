//! What the organization is called, and what it asks of its people.

pub mod get;
pub mod update;
