//! Records of what was done under a key.

use std::time::Duration;

use crate::{
    ids::Id,
    repo::idempotency::{KEEP, Record, Stage, find, finish, key, write},
    store::{Key, Refusal, StoreError},
    tenant::TenantId,
    testing::house::House,
};

const SECOND: Duration = Duration::from_secs(1);

fn replied(body: &str) -> Stage {
    Stage::Replied { status: 200, body: body.into() }
}

/// Stores an outcome if the key is free.
async fn store(house: &House, key: &Key, body: &str) -> Result<(), StoreError> {
    house.store().write(write(key, "f", replied(body), house.now()).unwrap()).await.map(drop)
}

async fn found(house: &House, key: &Key) -> Option<Record> {
    find(house.store(), key, house.now()).await.unwrap()
}

#[test]
fn a_key_is_a_tenants_own() {
    assert_ne!(key(TenantId(7), "k"), key(TenantId(8), "k"));
    assert_ne!(key(TenantId(7), "k"), key(TenantId(7), "l"));
    assert_eq!(key(TenantId(7), "k").tenant(), Some(TenantId(7)));
}

#[tokio::test]
async fn a_key_is_taken_for_a_day_and_then_free() {
    assert_eq!(KEEP, Duration::from_secs(86_400));
    let (house, key) = (House::new(), key(TenantId(7), "k"));
    assert_eq!(found(&house, &key).await, None);
    store(&house, &key, "first").await.unwrap();
    house.advance(KEEP - SECOND);
    let record = found(&house, &key).await.unwrap();
    assert_eq!((record.fingerprint.as_str(), &record.outcome), ("f", &replied("first")));
    let taken = store(&house, &key, "second").await.unwrap_err();
    assert!(matches!(taken, StoreError::ConditionFailed(Refusal { current: Some(_), .. })), "{taken}");

    // The store may keep it for longer than it counts.
    house.advance(SECOND);
    assert_eq!(found(&house, &key).await, None);
    store(&house, &key, "second").await.unwrap();
    assert_eq!(found(&house, &key).await.unwrap().outcome, replied("second"));
}

#[tokio::test]
async fn the_reply_takes_the_place_of_what_was_begun() {
    let (house, key) = (House::new(), key(TenantId(7), "k"));
    let begun = Stage::Begun { id: Id::SMALLEST, at: house.now() };
    house.store().write(write(&key, "f", begun.clone(), house.now()).unwrap()).await.unwrap();
    assert_eq!(found(&house, &key).await.unwrap().outcome, begun);
    house.advance(SECOND);
    house.store().write(finish(&key, "f", replied("done"), house.now()).unwrap()).await.unwrap();
    let record = found(&house, &key).await.unwrap();
    assert_eq!((record.outcome, record.ttl), (replied("done"), house.now().plus(KEEP).seconds()));
}
