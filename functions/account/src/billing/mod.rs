//! Whom bills go to, and what the plan allows.

pub mod get;
pub mod update;
