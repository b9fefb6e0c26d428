//! What single routes of dialect C promise beyond what holds for all routes (`house`). Laid out like the URL tree.

mod account;
mod api_keys;
mod audit_log;
mod password_resets;
mod projects;
mod second_factor;
mod team;
