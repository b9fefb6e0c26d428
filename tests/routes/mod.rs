//! What single routes promise beyond what holds for all of them (`coverage.rs`). Laid out like the URL tree.

mod connect;
mod idempotency;
mod installations;
mod payloads;
mod protocol;
mod reviews;
mod service;
mod token_usage;
mod triggers;
