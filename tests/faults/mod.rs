//! What becomes of work when ports fail and processes die, and of secrets when anything does.

mod consumers;
mod death;
mod echoes;
mod files;
mod handlers;
mod secrets;
mod stored;
pub mod stories;
mod throttle;

use std::time::Duration;

use shared::testing::{Plan, dump};

use crate::support::TestApp;

/// Lets time pass in steps of ten seconds: ticks, messages, and a sweep at the end.
pub async fn pass(house: &TestApp, seconds: u64) {
    pass_in_steps(house, seconds, 10).await;
}

async fn pass_in_steps(house: &TestApp, seconds: u64, step: u64) {
    for _ in 0..seconds.div_ceil(step) {
        house.tick().await;
        house.drain().await;
        house.advance(Duration::from_secs(step));
    }
    house.sweep().await;
    house.drain().await;
}

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

/// The keys of everything that is stored, without what differs from one run to the next: numbers, hashes, and the items
/// that keep time.
async fn footprint(house: &TestApp) -> Vec<String> {
    let items = dump::items(&house.file).await.unwrap();
    let keys = items.iter().map(|item| format!("{} / {}", item.pk, item.sk));
    let mut keys: Vec<String> = keys
        .filter(|key| !key.starts_with("G#") && !key.contains("#rate#"))
        .map(|key| match key.split_once("#idempotency#") {
            Some((tenant, _)) => format!("{tenant}#idempotency"),
            None => key,
        })
        .map(|key| without_numbers(&key))
        .collect();
    keys.sort();
    // Sums are spread over shards by the ids of their records.
    let sums =
        ["#usage-day#", "#usage-model#", "#usage-spent", "#usage-unpriced", "#usage-workflow", "#chat-sums"];
    keys.dedup_by(|a, b| a == b && sums.iter().any(|sum| a.contains(sum)));
    keys
}

fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        if !c.is_ascii_digit() {
            plain.push(c);
        } else if !plain.ends_with('0') {
            plain.push('0');
        }
    }
    plain
}
