//! What is owed, how it is found, and how far it was read.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::{
    clock::Millis,
    queue::TaskKind,
    repo::due::{self, Begun, Debt, Owing, SHARDS, Watermarks},
    store::{Attrs, Change, Key, Write, attr},
    tenant::TenantId,
    testing::house::{House, START},
};

const MINUTE: Duration = Duration::from_secs(60);

fn thing(n: u32) -> Key {
    Key::of(TenantId(7), "thing", format!("{n:04}"))
}

fn owed(key: &Key, at: Millis) -> Attrs {
    let mut attrs = json!({ "name": "x", "v": 1 }).as_object().unwrap().clone();
    due::owe(&mut attrs, key, Some((TaskKind::Chore, at)));
    attrs
}

async fn owe(house: &House, key: &Key, at: Millis) {
    house.store().write(Write::put(key.clone(), owed(key, at))).await.unwrap();
}

/// The shard that a key's debt lies in.
fn shard_of(key: &Key) -> u32 {
    owed(key, START)[attr::DUE_SHARD].as_str().unwrap().parse().unwrap()
}

async fn debts(house: &House, key: &Key, from: Millis, to: Millis) -> Vec<Debt> {
    due::debts(house.store(), shard_of(key), from, to, 10, None).await.unwrap().0
}

async fn due_at(house: &House, key: &Key) -> Option<Millis> {
    due::owing::<Value>(house.store(), key).await.unwrap().unwrap().due_at
}

#[tokio::test]
async fn a_debt_is_found_in_the_milliseconds_that_are_asked_for_and_not_outside() {
    let (house, key) = (House::new(), thing(1));
    let (before, after) = (Millis(START.0 - 1), Millis(START.0 + 1));
    owe(&house, &key, START).await;
    let debt = Debt { key: key.clone(), task: TaskKind::Chore, due_at: START };
    for (from, to, found) in [
        (START, START, true),
        (before, after, true),
        (Millis(0), before, false),
        (after, Millis(i64::MAX), false),
    ] {
        let expected = if found { vec![debt.clone()] } else { Vec::new() };
        assert_eq!(debts(&house, &key, from, to).await, expected, "{from:?} {to:?}");
    }
    let mut paid = owed(&key, START);
    due::owe(&mut paid, &key, None);
    assert_eq!(Value::Object(paid.clone()), json!({ "name": "x", "v": 1 }));
    house.store().write(Write::put(key.clone(), paid)).await.unwrap();
    assert_eq!(debts(&house, &key, before, after).await, []);
}

#[tokio::test]
async fn debts_come_in_pages_oldest_first() {
    let house = House::new();
    let shard = shard_of(&thing(0));
    let keys: Vec<_> = (0..1000).map(thing).filter(|key| shard_of(key) == shard).take(5).collect();
    for (n, key) in keys.iter().enumerate() {
        owe(&house, key, Millis(START.0 - i64::try_from(n).unwrap())).await;
    }
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let (debts, next) =
            due::debts(house.store(), shard, Millis(0), START, 2, after.take()).await.unwrap();
        assert!(debts.len() <= 2);
        found.extend(debts.into_iter().map(|debt| debt.key));
        pages += 1;
        let Some(next) = next else { break };
        after = Some(next);
    }
    assert_eq!(found, keys.into_iter().rev().collect::<Vec<_>>());
    assert!(pages >= 3);
}

#[test]
fn debts_are_spread_over_all_shards_and_each_key_has_one() {
    let spread: BTreeSet<_> = (0..1000).map(|n| shard_of(&thing(n))).collect();
    assert_eq!(spread, (0..SHARDS).collect());
    assert_eq!(due::shard_name(7), "07");
    // Sort and partition both count, and what is stored stays where it is.
    assert_eq!(shard_of(&Key::from_parts("T#7#thing", "0001")), shard_of(&thing(1)));
    assert_eq!((shard_of(&thing(1)), shard_of(&thing(2))), (30, 36));
}

#[tokio::test]
async fn a_debt_of_a_kind_from_the_future_is_left_for_later() {
    let (house, key) = (House::new(), thing(1));
    owe(&house, &key, START).await;
    let unknown = vec![Change::set(attr::DUE_TASK, "teleport")];
    house.store().write(Write::update(key.clone(), unknown)).await.unwrap();
    assert_eq!(debts(&house, &key, START, START).await, []);
    assert_eq!(due_at(&house, &key).await, Some(START), "it stays owed");
}

#[tokio::test]
async fn an_item_says_whether_it_owes_something_and_whether_that_is_due() {
    let (house, key) = (House::new(), thing(1));
    assert!(due::owing::<Value>(house.store(), &key).await.unwrap().is_none());
    owe(&house, &key, START).await;
    let owing = due::owing::<Value>(house.store(), &key).await.unwrap().unwrap();
    assert_eq!((owing.due_at, &owing.item["name"]), (Some(START), &"x".into()));
    assert!(owing.is_owed() && owing.is_due(START) && owing.is_due(START.plus(MINUTE)));
    assert!(!owing.is_due(Millis(START.0 - 1)));
    let paid = Owing { due_at: None, ..owing };
    assert!(!paid.is_owed() && !paid.is_due(START));
}

#[tokio::test]
async fn work_that_cannot_be_done_is_put_off_for_ten_minutes_and_then_twice_as_long_each_time() {
    let (house, key) = (House::new(), thing(1));
    owe(&house, &key, house.now()).await;
    for (times, minutes) in
        [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440, 1440, 1440].into_iter().enumerate()
    {
        let until = house.now().plus(MINUTE * minutes);
        let put_off = due::put_off(house.store(), &key, house.now(), "no such n8n").await.unwrap();
        assert_eq!((put_off, due_at(&house, &key).await), (Some(until), Some(until)), "after {times} times");
        let attrs = house.store().get(&key).await.unwrap().unwrap().into_attrs().unwrap();
        assert_eq!(
            (&attrs["given_up"], &attrs["given_up_why"]),
            (&(times + 1).into(), &"no such n8n".into())
        );
        assert_eq!((&attrs["name"], &attrs["v"]), (&"x".into(), &1.into()));
        house.advance(until.since(house.now()));
    }
    assert_eq!(debts(&house, &key, START, house.now()).await.len(), 1, "it stays owed");
}

#[tokio::test]
async fn only_what_is_due_is_put_off() {
    let (house, key) = (House::new(), thing(1));
    let put_off = async || due::put_off(house.store(), &key, house.now(), "why").await.unwrap();
    assert_eq!(put_off().await, None, "nothing is there");
    let ahead = Millis(house.now().0 + 1);
    owe(&house, &key, ahead).await;
    assert_eq!((put_off().await, due_at(&house, &key).await), (None, Some(ahead)), "not yet");
    house
        .store()
        .write(Write::put(key.clone(), json!({ "v": 1 }).as_object().unwrap().clone()))
        .await
        .unwrap();
    assert_eq!((put_off().await, due_at(&house, &key).await), (None, None), "nothing is owed");
}

#[tokio::test]
async fn whoever_worked_on_it_meanwhile_wins() {
    let (house, key) = (House::new(), thing(1));
    for change in [Change::set(attr::VERSION, 2), Change::set(attr::DUE_AT, START.0 - 5)] {
        owe(&house, &key, START).await;
        let store = house.app.store.clone();
        let (worked, at) = (Write::update(key.clone(), vec![change]), key.clone());
        let overtaken = OvertakenAt { store, worked: std::sync::Mutex::new(Some(worked)) };
        assert_eq!(due::put_off(&overtaken, &at, house.now(), "why").await.unwrap(), None);
        let attrs = house.store().get(&key).await.unwrap().unwrap().into_attrs().unwrap();
        assert!(!attrs.contains_key("given_up"));
    }
}

/// A store where somebody writes between a read and what is made of it.
struct OvertakenAt {
    store: std::sync::Arc<dyn crate::store::Store>,
    worked: std::sync::Mutex<Option<Write>>,
}

#[async_trait::async_trait]
impl crate::store::Store for OvertakenAt {
    async fn get(&self, key: &Key) -> Result<Option<crate::store::Item>, crate::store::StoreError> {
        let found = self.store.get(key).await;
        let worked = self.worked.lock().unwrap().take();
        if let Some(worked) = worked {
            self.store.write(worked).await?;
        }
        found
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<crate::store::Item>, crate::store::StoreError> {
        self.store.batch_get(keys).await
    }

    async fn query(
        &self,
        query: &crate::store::Query,
    ) -> Result<crate::store::Page, crate::store::StoreError> {
        self.store.query(query).await
    }

    async fn write(&self, write: Write) -> Result<Option<crate::store::Item>, crate::store::StoreError> {
        self.store.write(write).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), crate::store::StoreError> {
        self.store.transact(writes).await
    }

    fn meter(&self) -> &crate::store::Meter {
        self.store.meter()
    }
}

#[tokio::test]
async fn how_far_each_shard_was_read_is_kept_and_the_later_of_two_readers_loses() {
    let house = House::new();
    let fresh = Watermarks::load(house.store()).await.unwrap();
    assert_eq!((fresh.clone(), fresh.get(3)), (Watermarks::default(), Millis(0)));
    let (mut first, mut second) = (fresh.clone(), fresh);
    first.set(3, START);
    second.set(4, START);
    first.save(house.store()).await.unwrap();
    second.save(house.store()).await.unwrap();
    let mut kept = Watermarks::load(house.store()).await.unwrap();
    assert_eq!((kept.get(3), kept.get(4)), (START, Millis(0)), "its reading is repeated");
    let mut late = kept.clone();
    for n in 1..=3 {
        kept.set(4, START.plus(MINUTE * n));
        kept.save(house.store()).await.unwrap();
        kept = Watermarks::load(house.store()).await.unwrap();
        assert_eq!((kept.get(3), kept.get(4)), (START, START.plus(MINUTE * n)));
    }
    late.set(3, Millis(1));
    late.save(house.store()).await.unwrap();
    assert_eq!(Watermarks::load(house.store()).await.unwrap(), kept);
}

#[tokio::test]
async fn a_debt_that_was_taken_is_nobody_elses_until_its_time_is_over() {
    let (house, key) = (House::new(), thing(1));
    owe(&house, &key, START).await;
    let until = START.plus(MINUTE);
    assert!(due::take(house.store(), &key, START, until).await.unwrap());
    assert!(!due::take(house.store(), &key, START, until).await.unwrap(), "another message");
    let taken: Owing<Value> = due::owing(house.store(), &key).await.unwrap().unwrap();
    assert!(!taken.is_due(START) && taken.is_due(until));
    assert!(taken.suspect, "due and still taken: its work never ended");
    assert!(due::put_off(house.store(), &key, until, "why").await.unwrap().is_some());
    let stands = house.store().get(&key).await.unwrap().unwrap().into_attrs().unwrap();
    assert!(!stands.contains_key("taken"), "{stands:?}");
}

#[tokio::test]
async fn a_debt_that_was_taken_and_left_is_begun_again_by_the_message_that_came_again() {
    let (house, key) = (House::new(), thing(1));
    owe(&house, &key, START).await;
    assert!(due::take(house.store(), &key, START, START.plus(MINUTE)).await.unwrap());
    let (second, third) = (START.plus(MINUTE / 6), START.plus(MINUTE / 3));
    assert_eq!(due::begin_alone(house.store(), &key, second, "why").await.unwrap(), Begun::Now);
    assert_eq!(due_at(&house, &key).await, Some(second), "it is due for who does it alone");
    assert!(due::take(house.store(), &key, second, second.plus(MINUTE)).await.unwrap());
    let put_off = due::begin_alone(house.store(), &key, third, "why").await.unwrap();
    assert_eq!(put_off, Begun::PutOff(third.plus(due::left_alone(0))), "it never ended");
    assert_eq!(due::begin_alone(house.store(), &key, third, "why").await.unwrap(), Begun::Nothing);
}
