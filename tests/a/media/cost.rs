//! What requests cost, as `docs/DATA.md` says it.

use serde_json::{Value, json};

use super::{YOUTUBE, make};
use harness::{Answer, Caller, TestApp};

/// Read units, write units and round trips of a request that succeeds.
async fn cost(house: &TestApp, request: impl Future<Output = Answer>) -> (f64, f64, u64) {
    let before = house.meter();
    let answer = request.await;
    assert!(answer.status < 300, "{answer:?}");
    let spent = house.meter().since(&before);
    (spent.read_units, spent.write_units, spent.round_trips)
}

/// A house that knows its caller, with so many items, one of each ten filed and under review.
async fn house(items: usize) -> TestApp {
    let house = TestApp::new().await;
    for n in 0..items {
        let mut body = json!({ "title": format!("Clip {n}"), "media_type": "video", "tags": "launch" });
        if n % 10 == 0 {
            body["collection_name"] = json!("Summer");
            body["human_interaction"] = json!(true);
        }
        make(&house.acme, body).await;
    }
    house.acme.get("/api").await;
    house
}

async fn id(caller: &Caller, query: &str) -> Value {
    caller.get(&format!("/api/media/list?{query}")).await.json["media"][0]["id"].clone()
}

#[tokio::test]
async fn a_creation_costs_by_its_words() {
    let house = house(0).await;
    let post = |body: Value| house.acme.post("/api/media", body);
    let plain = json!({ "title": "Clip", "media_type": "video" });
    assert_eq!(cost(&house, post(plain)).await, (1.0, 9.0, 4));
    let video = json!({ "title": "Product Hero Video", "media_type": "video", "url": YOUTUBE, "tags": "launch, hero" });
    assert_eq!(cost(&house, post(video)).await, (0.0, 16.0, 7));
    let first = json!({ "title": "Clip", "media_type": "video", "collection_name": "Summer" });
    assert_eq!(cost(&house, post(first.clone())).await, (1.0, 16.0, 5));
    assert_eq!(cost(&house, post(first)).await, (1.0, 12.0, 5));
}

#[tokio::test]
async fn single_requests_cost_the_same_however_many_items_there_are() {
    let mut all = Vec::new();
    for items in [20, 200] {
        let house = house(items).await;
        let item = id(&house.acme, "collection_id=&limit=1").await;
        let filed = id(&house.acme, "human_interaction=1").await;
        let path = format!("/api/media/{item}");
        let review = json!({ "entity_id": filed, "entity_type": "media_item" });
        let mut costs = vec![
            cost(&house, house.acme.get(&path)).await,
            cost(&house, house.acme.get(&format!("/api/media/{filed}"))).await,
            cost(&house, house.acme.patch(&path, json!({ "description": "x" }))).await,
            cost(&house, house.acme.patch(&path, json!({ "collection_name": "Summer" }))).await,
            cost(&house, house.acme.post("/automation/approve", review)).await,
            cost(&house, house.acme.delete(&path)).await,
            cost(&house, house.acme.get("/api/media/stats")).await,
            cost(&house, house.acme.get("/api/collections")).await,
        ];
        let made = house.acme.post("/api/collections", json!({ "title": "Winter" })).await.id();
        let path = format!("/api/collections/{made}");
        costs.extend([
            cost(&house, house.acme.post("/api/collections", json!({ "title": "Spring" }))).await,
            cost(&house, house.acme.get(&path)).await,
            cost(&house, house.acme.put(&path, json!({ "description": "x" }))).await,
            cost(&house, house.acme.put(&path, json!({ "title": "Fall" }))).await,
            cost(&house, house.acme.delete(&path)).await,
        ]);
        all.push(costs);
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(
        all[0],
        [
            (1.0, 0.0, 1),
            (2.0, 0.0, 2),
            (1.0, 4.0, 2),
            (2.0, 7.0, 4),
            (1.0, 10.0, 3),
            (1.0, 14.0, 7),
            (1.0, 0.0, 1),
            (1.0, 0.0, 1),
            (0.0, 4.0, 1),
            (1.0, 0.0, 1),
            (1.0, 1.0, 2),
            (1.0, 6.0, 2),
            (1.0, 23.0, 2),
        ]
    );
}

#[tokio::test]
async fn a_list_costs_by_what_it_returns() {
    let mut all = Vec::new();
    for items in [200, 400] {
        let house = house(items).await;
        let collection = house.acme.get("/api/collections").await.json["collections"][0]["id"].clone();
        let mut costs = Vec::new();
        for query in [
            String::new(),
            "&automation_status=pending".into(),
            "&media_type=video".into(),
            format!("&group_id={}", house.acme.key.group_id),
            "&human_interaction=1".into(),
            "&human_interaction=1&automation_status=pending".into(),
            format!("&collection_id={collection}"),
            "&search=clip".into(),
            "&search=launch&media_type=video".into(),
        ] {
            let path = format!("/api/media/list?limit=10{query}");
            assert_eq!(house.acme.get(&path).await.json["count"], 10, "{query}");
            costs.push(cost(&house, house.acme.get(&path)).await);
        }
        all.push(costs);
    }
    assert_eq!(all[0], all[1]);
    // The title of the collection that is shown is one unit and one round trip of each.
    assert_eq!(
        all[0],
        [
            (2.0, 0.0, 2),
            (12.5, 0.0, 3),
            (13.0, 0.0, 3),
            (2.0, 0.0, 2),
            (13.0, 0.0, 3),
            (13.0, 0.0, 3),
            (14.0, 0.0, 4),
            (17.0, 0.0, 7),
            (17.0, 0.0, 7),
        ]
    );
}
