//! What single routes promise beyond what holds for all of them (`coverage.rs`). Laid out like the URL tree.

mod collections;
mod idempotency;
mod installations;
pub mod media;
mod payloads;
mod protocol;
mod reviews;
mod service;
mod token_usage;
mod triggers;
