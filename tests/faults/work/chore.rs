use std::time::Duration;

use shared::{
    domain::chore::{Chore, What},
    queue::QueueName,
    repo::chores::Chores,
    store::{Attrs, Key, Query, Write},
};
use standins::Plan;

use harness::TestApp;

const ITEMS: usize = 250;

/// A partition full of items, one of another tenant that is called the same, and the chore to purge it.
async fn owing(house: &TestApp) {
    let (store, tenant) = (&*house.app.store, house.acme.key.tenant);
    for n in 0..ITEMS {
        let key = Key::of(tenant, "chat#7", format!("{n:04}"));
        store.write(Write::put(key, Attrs::new())).await.unwrap();
    }
    store.write(Write::put(Key::of(house.rival.key.tenant, "chat#7", "kept"), Attrs::new())).await.unwrap();
    let chore = Chore::new(house.app.id(), What::Purge { partition: "chat#7".into() }, house.app.now());
    let chores = Chores::new(store, tenant);
    store.write(chores.insert(&chore, house.app.now()).unwrap()).await.unwrap();
}

async fn left(house: &TestApp) -> usize {
    let partition = |tenant| Query::table(Key::partition(tenant, "chat#7")).limit(1000);
    let rival = house.app.store.query(&partition(house.rival.key.tenant)).await.unwrap();
    assert_eq!(rival.items.len(), 1, "another tenant's items stay");
    house.app.store.query(&partition(house.acme.key.tenant)).await.unwrap().items.len()
}

#[tokio::test]
async fn a_chore_whose_message_was_lost_is_found_and_done() {
    let house = TestApp::new().await;
    owing(&house).await;
    house.advance(Duration::from_secs(120));
    assert_eq!(house.sweep().await.due, 1);
    house.drain().await;
    assert_eq!(left(&house).await, 0);
    assert_eq!(house.sweep().await.due, 0, "nothing is owed any more");
    assert_eq!(house.depth(QueueName::Background).await.dead, 0);
}

#[tokio::test]
async fn a_chore_that_fails_is_tried_again_later_and_goes_on() {
    let house = TestApp::new().await;
    owing(&house).await;
    house.advance(Duration::from_secs(120));
    house.sweep().await;
    house.faults.set(Plan::LoseAnswers { percent: 5, seed: 1 });
    house.drain().await;
    house.faults.set(Plan::Calm);
    assert!(left(&house).await > 0, "a lost answer ended the stretch");
    house.live(Duration::from_secs(60)).await;
    assert_eq!(left(&house).await, 0);
}
