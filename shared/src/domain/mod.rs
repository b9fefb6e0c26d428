//! What exists and what may happen to it: structs, states, pure decisions. No storage, no HTTP, no clock.

pub mod api_key;
pub mod chat;
pub mod chore;
pub mod collection;
pub mod custom_field;
pub mod duplicate;
pub mod execution;
pub mod installation;
pub mod invoice;
pub mod lead;
pub mod lead_view;
pub mod media;
pub mod media_url;
pub mod n8n_credential;
mod names;
pub mod notification;
pub mod org;
pub mod payload;
pub mod pipeline;
pub mod principal;
pub mod review;
pub mod run;
pub mod session;
pub mod subject;
pub mod usage;
pub mod words;
pub mod workflow;
