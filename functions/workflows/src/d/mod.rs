//! Document 003.

pub mod list;
