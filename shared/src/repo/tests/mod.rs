//! Access patterns against the engine of a laptop, in memory.

mod due;
mod events;
mod idempotency;
mod orgs;
mod sessions;
