//! What single routes of dialect A promise beyond what holds for all routes (`house`). Laid out like the URL tree.

#![expect(clippy::disallowed_methods, reason = "what the house wrote is read by another reader than its own")]

mod chats;
mod collections;
mod connect;
mod groups;
mod idempotency;
mod ids;
mod installations;
mod invoices;
mod keep;
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
