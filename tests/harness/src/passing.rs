//! Time that passes.

use std::time::Duration;

use crate::TestApp;

/// Lets time pass in steps of ten seconds: ticks, messages, and a sweep at the end.
pub async fn pass(house: &TestApp, seconds: u64) {
    pass_in_steps(house, seconds, 10).await;
}

/// As [`pass`], in steps of so many seconds.
pub async fn pass_in_steps(house: &TestApp, seconds: u64, step: u64) {
    for _ in 0..seconds.div_ceil(step) {
        house.tick().await;
        house.drain().await;
        house.advance(Duration::from_secs(step));
    }
    house.sweep().await;
    house.drain().await;
}
