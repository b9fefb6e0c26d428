//! What clients can do to the host by their sockets alone, and that the others do not notice. Limits are those of the product
//! where the real process runs, and shorter ones where waiting is all that a test would do.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test with a stopwatch fails by panicking"
)]

#[path = "../support/attack.rs"]
mod attack;
mod bodies;
mod ends;
mod files;
mod heads;
mod peers;
mod places;
mod replies;
mod site;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod support;
mod turns;
mod words;
