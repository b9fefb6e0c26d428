//! What single routes promise beyond what holds for all of them (`coverage.rs`). Laid out like the URL tree.

mod chats;
mod idempotency;
mod installations;
mod invoices;
mod notifications;
mod payloads;
mod protocol;
mod reviews;
mod service;
mod sessions;
mod token_usage;
mod triggers;
