//! What is stored, without what differs from one run to the next.

use standins::dump;

use crate::TestApp;

/// The keys of everything that is stored, without what differs from one run to the next: numbers, hashes, and the items
/// that keep time.
pub async fn footprint(house: &TestApp) -> Vec<String> {
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
    let sums = ["#usage-day#", "#usage-unpriced", "#usage-workflow", "#chat-sums"];
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
