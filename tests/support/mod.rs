//! The harness. `TestApp` is the product with a clock that stands still, predictable ids, and a network without wires.

mod app;
mod caller;
mod check;
pub mod forms;
pub mod roles;
pub mod samples;

pub use app::{BATON, N8N, TestApp, settings, work_on};
pub use caller::{Answer, Caller, PASSWORD};
pub use check::{assert_holds, named, refusal, snapshot};
