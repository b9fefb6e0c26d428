//! What single routes promise beyond what holds for all of them (`coverage.rs`). Laid out like the URL tree.

mod idempotency;
mod installations;
mod leads;
mod payloads;
mod pipeline;
mod protocol;
mod reviews;
mod service;
mod token_usage;
mod triggers;
