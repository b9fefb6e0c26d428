//! Which collection a media item goes into, and how many each holds.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use harness::{Answer, TestApp, refusal, samples};

use super::{PATH, all, make};
use crate::media::{make as make_media, shown};

fn item(more: Value) -> Value {
    let mut body = json!({ "title": "x", "media_type": "file" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Title → how many items, as listed, after a look at each single one.
async fn counts(house: &TestApp) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for row in all(&house.acme).await {
        assert_eq!(house.acme.get(&format!("{PATH}/{}", row["id"])).await.json, row);
        found.insert(row["title"].as_str().unwrap().to_owned(), row["media_count"].as_i64().unwrap());
    }
    found
}

fn are(expected: &[(&str, i64)]) -> BTreeMap<String, i64> {
    expected.iter().map(|(title, count)| ((*title).to_owned(), *count)).collect()
}

#[tokio::test]
async fn a_name_makes_its_collection_once_and_the_reply_tells_its_id() {
    let house = TestApp::new().await;
    let first = house.acme.post("/api/media", item(json!({ "collection_name": "Summer  2026" }))).await;
    let second = house.acme.post("/api/media", item(json!({ "collection_name": "summer 2026" }))).await;
    let id = all(&house.acme).await[0]["id"].clone();
    assert!(id.is_u64());
    assert_eq!((&first.json["collection_id"], &second.json["collection_id"]), (&id, &id));
    assert_eq!(counts(&house).await, are(&[("Summer  2026", 2)]));
    let shown = shown(&house.acme, second.id()).await;
    assert_eq!((&shown["collection_id"], &shown["collection_name"]), (&id, &json!("Summer  2026")));
}

#[tokio::test]
async fn a_name_goes_before_an_id() {
    let house = TestApp::new().await;
    let id = make(&house.acme, "By id").await;
    for body in [
        json!({ "collection_id": id }),
        json!({ "collection_id": id.to_string(), "collection_name": "" }),
        json!({ "collection_id": id, "collection_name": "By name" }),
        json!({ "collection_id": samples::NOWHERE, "collection_name": "By name" }),
    ] {
        make_media(&house.acme, item(body)).await;
    }
    assert_eq!(counts(&house).await, are(&[("By id", 2), ("By name", 2)]));
}

#[tokio::test]
async fn a_collection_that_is_not_there_is_a_404_and_nothing_is_stored() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 5).await;
    let foreign = make(&house.rival, "Theirs").await;
    let elsewhere = house.acme.post(PATH, json!({ "title": "Elsewhere", "group_id": 5 })).await.id();
    let mut texts = Vec::new();
    for id in [foreign, samples::NOWHERE, elsewhere] {
        let answer = house.acme.post("/api/media", item(json!({ "collection_id": id }))).await;
        assert_eq!(
            (answer.status, refusal(&answer, "/api/media").as_str()),
            (404, "not_found"),
            "{answer:?}"
        );
        texts.push(answer.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    assert_eq!(house.acme.get("/api/media/stats").await.json["total"], 0);
    assert_eq!(make_media(&house.acme, item(json!({ "collection_id": elsewhere, "group_id": 5 }))).await, {
        house.acme.get(&format!("/api/media/list?collection_id={elsewhere}")).await.json["media"][0]["id"]
            .as_u64()
            .unwrap()
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_at_once_make_one_collection_that_holds_them_all() {
    let house = TestApp::new().await;
    let posts = (0..50).map(|n| {
        let acme = house.acme.clone();
        let title = if n % 2 == 0 { "Summer" } else { "SUMMER" };
        async move { acme.post("/api/media", item(json!({ "collection_name": title }))).await }
    });
    let answers: Vec<Answer> = posts.collect::<JoinSet<_>>().join_all().await;
    let rows = all(&house.acme).await;
    assert_eq!((rows.len(), &rows[0]["media_count"]), (1, &json!(50)));
    for answer in &answers {
        assert_eq!((answer.status, &answer.json["collection_id"]), (201, &rows[0]["id"]), "{answer:?}");
    }
    let listed = house.acme.get(&format!("/api/media/list?limit=500&collection_id={}", rows[0]["id"])).await;
    assert_eq!(listed.json["count"], 50);
}

#[tokio::test]
async fn the_counts_follow_every_move() {
    let house = TestApp::new().await;
    let (a, b) = (make(&house.acme, "A").await, make(&house.acme, "B").await);
    let id = make_media(&house.acme, item(json!({ "collection_id": a }))).await;
    let path = format!("/api/media/{id}");
    for (body, expected) in [
        (json!({ "title": "y" }), are(&[("A", 1), ("B", 0)])),
        (json!({ "collection_id": b }), are(&[("A", 0), ("B", 1)])),
        (json!({ "collection_id": b.to_string() }), are(&[("A", 0), ("B", 1)])),
        (json!({ "collection_id": null, "collection_name": "" }), are(&[("A", 0), ("B", 1)])),
        (json!({ "collection_name": "C" }), are(&[("A", 0), ("B", 0), ("C", 1)])),
        (json!({ "collection_id": 0 }), are(&[("A", 0), ("B", 0), ("C", 0)])),
        (json!({ "collection_id": a }), are(&[("A", 1), ("B", 0), ("C", 0)])),
    ] {
        let answer = house.acme.patch(&path, body.clone()).await;
        assert_eq!(answer.status, 200, "{body}: {answer:?}");
        assert_eq!(counts(&house).await, expected, "{body}");
    }
    house.acme.delete(&path).await;
    assert_eq!(counts(&house).await, are(&[("A", 0), ("B", 0), ("C", 0)]));
    let refused = house.acme.patch(&path, json!({ "collection_id": samples::NOWHERE })).await;
    assert_eq!(refused.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_filed_while_its_collection_is_deleted_is_never_lost_in_it() {
    for round in 0..10 {
        let house = TestApp::new().await;
        let old = make(&house.acme, "Summer").await;
        let filing = (0..10).map(|n| {
            let acme = house.acme.clone();
            let body = if n % 2 == 0 {
                json!({ "collection_name": "Summer" })
            } else {
                json!({ "collection_id": old })
            };
            async move { acme.post("/api/media", item(body)).await }
        });
        let filing: JoinSet<Answer> = filing.collect();
        let path = format!("{PATH}/{old}");
        let (deleted, filed) = tokio::join!(house.acme.delete(&path), filing.join_all());
        assert_eq!(deleted.status, 200);
        house.drain().await;
        let stored: Vec<_> = filed.iter().filter(|answer| answer.status == 201).collect();
        assert!(filed.iter().all(|answer| matches!(answer.status, 201 | 404)), "{filed:?}");
        let (mut inside, rows) = (0, all(&house.acme).await);
        for answer in &stored {
            inside += i64::from(shown(&house.acme, answer.id()).await["collection_id"].is_u64());
        }
        let counted: i64 = rows.iter().map(|row| row["media_count"].as_i64().unwrap()).sum();
        assert_eq!(counted, inside, "round {round}");
        assert_eq!(house.acme.get("/api/media/stats").await.json["total"], stored.len());
    }
}

#[tokio::test]
async fn a_list_of_collections_costs_by_their_size_and_not_by_what_they_hold() {
    let house = TestApp::new().await;
    let mut costs = Vec::new();
    for _ in 0..3 {
        for _ in 0..30 {
            make_media(&house.acme, item(json!({ "collection_name": "Summer" }))).await;
        }
        let before = house.meter();
        all(&house.acme).await;
        let spent = house.meter().since(&before);
        costs.push((spent.read_units, spent.round_trips));
    }
    assert_eq!(costs, [(1.0, 1); 3]);
}

#[tokio::test]
async fn a_title_is_the_same_however_its_letters_are_composed() {
    let house = TestApp::new().await;
    let first = house.acme.post("/api/media", item(json!({ "collection_name": "Été" }))).await;
    let second = house.acme.post("/api/media", item(json!({ "collection_name": "e\u{301}TE\u{301}" }))).await;
    assert_eq!((second.status, &second.json["collection_id"]), (201, &first.json["collection_id"]));
    let taken = house.acme.post(PATH, json!({ "title": "E\u{301}té" })).await;
    assert_eq!((taken.status, refusal(&taken, PATH).as_str()), (409, "title_taken"));
    let plain = house.acme.post(PATH, json!({ "title": "Ete" })).await;
    assert_eq!(plain.status, 201, "another title");
}
