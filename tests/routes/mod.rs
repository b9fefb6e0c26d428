//! What single routes promise beyond what holds for all of them (`coverage.rs`). Laid out like the URL tree.

mod chats;
mod collections;
mod idempotency;
mod installations;
mod invoices;
mod leads;
pub mod media;
mod notifications;
mod payloads;
mod pipeline;
mod protocol;
mod reviews;
mod service;
mod sessions;
mod token_usage;
mod triggers;
