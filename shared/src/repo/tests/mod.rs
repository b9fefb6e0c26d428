//! Access patterns against the engine of a laptop, in memory.

mod due;
mod idempotency;
mod orgs;
mod sessions;
