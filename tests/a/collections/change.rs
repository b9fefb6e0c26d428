use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::store::{Key, Query};

use harness::{TestApp, assert_holds, refusal};

use super::{PATH, all, make};
use crate::media::{make as make_media, shown, titles};

async fn put(house: &TestApp, id: u64, body: Value) -> u16 {
    house.acme.put(&format!("{PATH}/{id}"), body).await.status
}

#[tokio::test]
async fn title_or_description_may_be_changed_alone() {
    let house = TestApp::new().await;
    let made = house.acme.post(PATH, json!({ "title": "A", "description": "a" })).await.id();
    house.advance(Duration::from_secs(60));
    assert_eq!(put(&house, made, json!({ "title": "B" })).await, 200);
    let now = house.acme.get(&format!("{PATH}/{made}")).await.json;
    assert_holds(
        &now,
        &json!({ "title": "B", "description": "a", "created": 1_737_455_400, "changed": 1_737_455_460 }),
    );
    assert_eq!(put(&house, made, json!({ "description": "b", "title": "b" })).await, 200);
    let now = house.acme.get(&format!("{PATH}/{made}")).await.json;
    assert_holds(&now, &json!({ "title": "b", "description": "b" }));
    assert_eq!(put(&house, made, json!({})).await, 200);
}

#[tokio::test]
async fn a_title_is_taken_and_freed_with_the_change() {
    let house = TestApp::new().await;
    let (one, two) = (make(&house.acme, "One").await, make(&house.acme, "Two").await);
    let answer =
        house.acme.put(&format!("{PATH}/{two}"), json!({ "title": "ONE", "description": "x" })).await;
    assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (409, "title_taken"));
    assert_eq!(answer.json["id"], one);
    assert_eq!(house.acme.get(&format!("{PATH}/{two}")).await.json["description"], Value::Null);
    assert_eq!(put(&house, one, json!({ "title": "Three" })).await, 200);
    assert_eq!(put(&house, two, json!({ "title": "One" })).await, 200);
    assert_eq!(house.acme.post(PATH, json!({ "title": "three" })).await.json["id"], one);
    make(&house.acme, "Two").await;
}

#[tokio::test]
async fn two_changes_at_once_keep_both() {
    let house = TestApp::new().await;
    let id = make(&house.acme, "A").await;
    let bodies = [json!({ "title": "B" }), json!({ "description": "b" })];
    let answers = join_all(bodies.map(|body| put(&house, id, body))).await;
    assert_eq!(answers, [200, 200]);
    let now = house.acme.get(&format!("{PATH}/{id}")).await.json;
    assert_holds(&now, &json!({ "title": "B", "description": "b" }));
}

#[tokio::test]
async fn media_items_stay_when_their_collection_goes() {
    let house = TestApp::new().await;
    let mut made = Vec::new();
    for n in 0..120 {
        let body = json!({ "title": n.to_string(), "media_type": "file", "collection_name": "Summer" });
        made.push(make_media(&house.acme, body).await);
    }
    let id = all(&house.acme).await[0]["id"].as_u64().unwrap();
    let before = shown(&house.acme, made[0]).await;
    house.advance(Duration::from_secs(60));
    let answer = house.acme.delete(&format!("{PATH}/{id}")).await;
    assert_eq!((answer.status, &answer.json["id"]), (200, &json!(id)), "{answer:?}");
    // At once for everybody, whatever the background has got to.
    let gone = async |house: &TestApp| {
        assert_eq!(all(&house.acme).await.len(), 0);
        assert_eq!(house.acme.get(&format!("{PATH}/{id}")).await.status, 404);
        assert_eq!(titles(house, &format!("?collection_id={id}")).await.len(), 0);
        assert_eq!(titles(house, &format!("?collection_id={id}&search=1")).await.len(), 0);
        assert_eq!(titles(house, "?limit=500").await.len(), 120);
        let mut expected = before.clone();
        (expected["collection_id"], expected["collection_name"]) = (Value::Null, Value::Null);
        assert_eq!(shown(&house.acme, made[0]).await, expected);
    };
    gone(&house).await;
    house.drain().await;
    gone(&house).await;
    let entries = Key::partition(house.acme.key.tenant, &format!("media-by#collection#{id}"));
    assert_eq!(house.app.store.query(&Query::table(entries)).await.unwrap().items, []);
    assert_eq!(house.sweep().await.due, 0);
}

#[tokio::test]
async fn a_title_is_free_again_when_its_collection_goes() {
    let house = TestApp::new().await;
    let old = make(&house.acme, "Summer").await;
    house.acme.delete(&format!("{PATH}/{old}")).await;
    let new = make(&house.acme, "Summer").await;
    let item =
        make_media(&house.acme, json!({ "title": "x", "media_type": "file", "collection_name": "summer" }))
            .await;
    assert_eq!(shown(&house.acme, item).await["collection_id"], new);
    house.drain().await;
    assert_eq!(all(&house.acme).await[0]["media_count"], 1);
}

#[tokio::test]
async fn an_item_of_a_deleted_collection_can_be_changed_and_deleted_before_it_is_taken_out() {
    let house = TestApp::new().await;
    let body =
        json!({ "title": "x", "media_type": "file", "collection_name": "Summer", "human_interaction": true });
    let (one, two, three) = (
        make_media(&house.acme, body.clone()).await,
        make_media(&house.acme, body.clone()).await,
        make_media(&house.acme, body).await,
    );
    let id = all(&house.acme).await[0]["id"].as_u64().unwrap();
    house.acme.delete(&format!("{PATH}/{id}")).await;
    let patched =
        house.acme.patch(&format!("/api/media/{one}"), json!({ "collection_name": "Autumn" })).await;
    let review = json!({ "entity_id": two, "entity_type": "media_item" });
    let approved = house.acme.post("/automation/approve", review).await;
    let deleted = house.acme.delete(&format!("/api/media/{three}")).await;
    assert_eq!((patched.status, approved.status, deleted.status), (200, 200, 200));
    house.drain().await;
    let rows = all(&house.acme).await;
    assert_eq!((rows.len(), &rows[0]["title"], &rows[0]["media_count"]), (1, &json!("Autumn"), &json!(1)));
    assert_eq!(shown(&house.acme, two).await["collection_id"], Value::Null);
}
