//! What is stored, without what differs from one run to the next.

use std::collections::BTreeSet;

use shared::{
    domain::{lead::Lead, media::MediaItem},
    repo::indexed::{Indexed, keys},
    tenant::TenantId,
};
use standins::dump::{self, StoredItem};

use crate::TestApp;

/// What is stored without index entries that show nothing: who died, or lost a race, leaves some, and readers pass them over. An
/// entity without one of its entries is an error: a list would miss it.
pub fn shown(items: Vec<StoredItem>) -> Vec<StoredItem> {
    let mut shows = entries::<Lead>(&items, "#lead");
    shows.extend(entries::<MediaItem>(&items, "#media"));
    let is_entry = |pk: &str| {
        ["#leads-by#", "#leads-text#", "#media-by#", "#media-text#"].iter().any(|of| pk.contains(of))
    };
    let there: BTreeSet<_> = items.iter().map(|item| (item.pk.clone(), item.sk.clone())).collect();
    // Of who has one client group nothing lists by it.
    let grouped = |pk: &str| {
        let tenant = pk.split('#').nth(1).unwrap_or_default();
        let grouping = items.iter().find(|item| item.pk == format!("T#{tenant}#grouping"));
        grouping.is_some_and(|item| item.body.contains("\"read\""))
    };
    let optional = |pk: &str| pk.contains("-by#group#") && !grouped(pk);
    let missing: Vec<_> = shows.difference(&there).filter(|(pk, _)| !optional(pk)).collect();
    assert!(missing.is_empty(), "nobody finds them any more: {missing:?}");
    items
        .into_iter()
        .filter(|item| !is_entry(&item.pk) || shows.contains(&(item.pk.clone(), item.sk.clone())))
        .collect()
}

fn entries<E: Indexed>(items: &[StoredItem], partition: &str) -> BTreeSet<(String, String)> {
    let of_kind = |item: &&StoredItem| {
        item.pk
            .strip_prefix("T#")
            .is_some_and(|rest| rest.split_once('#').is_some_and(|(_, kind)| kind == &partition[1..]))
    };
    let mut all = BTreeSet::new();
    for item in items.iter().filter(of_kind) {
        let tenant: TenantId = item.pk.split('#').nth(1).and_then(|tenant| tenant.parse().ok()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "an item that the house wrote")]
        let entity: E = serde_json::from_str(&item.body).unwrap();
        all.extend(keys(tenant, &entity).iter().map(|key| (key.pk().to_owned(), key.sk().to_owned())));
    }
    all
}

/// The keys of everything that is stored, without what differs from one run to the next: numbers, hashes, and the items
/// that keep time.
pub async fn footprint(house: &TestApp) -> Vec<String> {
    let items = shown(dump::items(&house.file).await.unwrap());
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
