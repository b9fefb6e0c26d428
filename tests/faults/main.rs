//! The workers, and what becomes of their work when ports fail and processes die; and of secrets when anything does.

#![expect(clippy::disallowed_methods, reason = "what the house wrote is read by another reader than its own")]

mod consumers;
mod death;
mod echoes;
mod estate;
mod files;
mod handlers;
mod secrets;
mod stored;
mod throttle;
mod work;

use standins::Plan;

use harness::{TestApp, passing::pass_in_steps};

/// Longer than any lease: an attempt at n8n, a begun effect, the time in which old requests end. In steps as long as they
/// can be, because it passes a thousand times.
async fn long_pass(house: &TestApp) {
    pass_in_steps(house, 140, 70).await;
    house.tick().await;
    house.drain().await;
}

/// Every death of a process that makes these calls, with where it is: before each call, and after each that may have changed
/// something. After a call that only reads is before the next one.
fn deaths(calls: &[String]) -> Vec<(Plan, String)> {
    let reads = ["store.get", "store.batch_get", "store.query", "blobs.get"];
    let mut deaths = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        deaths.push((Plan::DieBefore(number), format!("died before call {number}, {call}")));
        if !reads.iter().any(|read| call.starts_with(read)) {
            deaths.push((Plan::DieAfter(number), format!("died after call {number}, {call}")));
        }
    }
    deaths
}
