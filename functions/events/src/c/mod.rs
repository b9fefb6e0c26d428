//! The audit log, in dialect C.

pub mod export;
pub mod list;
mod wire;
