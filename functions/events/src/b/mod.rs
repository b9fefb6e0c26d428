//! The log of events, in dialect B.

pub mod list;
pub mod types;
