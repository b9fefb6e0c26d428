//! The harness. `TestApp` is the product with a clock that stands still, predictable ids, and a network without wires.

mod app;
mod caller;
mod check;
pub mod footprint;
pub mod forms;
pub mod parked;
pub mod passing;
pub mod roles;
pub mod samples;
pub mod stories;

pub use app::{BATON, N8N, TestApp, settings, work_on, worker_for};
pub use caller::{Answer, Caller, PASSWORD};
pub use check::{Documents, assert_holds, described, named, refusal, refusal_in, snapshot};
pub use passing::pass;
