//! Document 001.

pub mod list;
