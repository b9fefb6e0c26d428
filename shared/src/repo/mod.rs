//! Keys and access patterns, one file per entity, written once on top of `Store`.
//!
//! Its one rule: a repository is made for one tenant, and every key it makes starts with that tenant.

pub mod alerts;
pub mod asks;
pub mod chats;
pub mod chores;
pub mod collections;
pub mod due;
pub mod entries;
pub mod files;
pub mod followed_runs;
pub mod idempotency;
pub mod indexed;
pub mod installations;
pub mod invoices;
pub mod known_networks;
pub mod lead_setup;
pub mod lead_views;
pub mod leads;
pub mod listing;
pub mod media;
pub mod media_stats;
pub mod money;
pub mod n8n_credentials;
pub mod n8n_workflows;
pub mod notifications;
pub mod orgs;
pub mod payloads;
pub mod pushes;
pub mod sessions;
pub mod subjects;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
pub mod usage;
