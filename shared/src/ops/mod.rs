//! What can be done: the use-cases that routes of every dialect, workers, run steps and imports call.
//!
//! Its one rule: nothing here knows who asked. An operation takes an [`Act`](act::Act) and plain values, decides with `domain`,
//! writes with `repo` and [`Act::commit`](act::Act::commit), and returns what came of it; how that is said is its caller's
//! business. A rule that two callers need lives here, and no rule lives in a function.

pub mod account;
pub mod act;
pub mod again;
pub mod alerts;
pub mod api_keys;
mod authority;
pub mod budgets;
pub mod chats;
pub mod collections;
pub mod deletion;
pub(crate) mod drawn;
pub mod events;
pub mod executions;
pub mod file_bytes;
pub mod files;
pub mod groups;
pub mod happened;
pub mod installations;
pub mod invoices;
pub mod lead_setup;
pub mod leads;
pub mod listing;
pub mod lists;
pub mod media;
pub mod money;
pub mod n8n_credentials;
pub mod notifications;
pub mod origin;
pub mod own_account;
pub mod payloads;
pub mod projects;
pub mod pushes;
pub mod resume;
mod resume_url;
pub mod reviews;
pub mod second_factor;
mod slot;
pub mod team;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
pub mod triggers;
pub mod usage;
mod warning;
pub mod watch;

pub use warning::Warning;
