use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::{PATH, all, make};
use harness::{TestApp, assert_holds, refusal, samples};

#[tokio::test]
async fn a_collection_is_listed_as_documented() {
    let house = TestApp::new().await;
    let made = house.acme.post(PATH, samples::media::collection()).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        (&made.json["success"], &made.json["title"]),
        (&json!(true), &json!("March Social Media Campaign"))
    );
    let expected = json!({
        "id": made.id(), "title": "March Social Media Campaign", "description": "All assets for Q1 social push",
        "team_id": house.acme.key.group_id, "media_count": 0, "created": 1_737_455_400, "changed": 1_737_455_400,
    });
    assert_eq!(all(&house.acme).await, std::slice::from_ref(&expected));
    assert_eq!(house.acme.get(&format!("{PATH}/{}", made.id())).await.json, expected);
}

#[tokio::test]
async fn the_last_changed_comes_first() {
    let house = TestApp::new().await;
    let mut ids = Vec::new();
    for title in ["A", "B", "C"] {
        ids.push(make(&house.acme, title).await);
        house.advance(Duration::from_secs(60));
    }
    house.acme.put(&format!("{PATH}/{}", ids[0]), json!({ "description": "new" })).await;
    let titles: Vec<_> = all(&house.acme).await.into_iter().map(|row| row["title"].clone()).collect();
    assert_eq!(titles, ["A", "C", "B"]);
}

#[tokio::test]
async fn a_title_that_is_taken_is_a_409_with_the_id_of_its_owner() {
    let house = TestApp::new().await;
    let id = make(&house.acme, "Summer  Größe").await;
    for title in ["Summer  Größe", "summer größe", " SUMMER GRÖßE "] {
        let answer = house.acme.post(PATH, json!({ "title": title })).await;
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (409, "title_taken"), "{title}");
        assert_eq!(answer.json["id"], id);
    }
    assert_eq!(all(&house.acme).await.len(), 1);
    for title in ["Summer", "Summer#Größe", "Summer%23Größe"] {
        make(&house.acme, title).await;
    }
    assert_eq!(house.rival.post(PATH, json!({ "title": "Summer Größe" })).await.status, 201);
}

#[tokio::test]
async fn a_title_is_unique_in_its_client_group_only() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 5).await;
    make(&house.acme, "Summer").await;
    let other = house.acme.post(PATH, json!({ "title": "summer", "group_id": 5 })).await;
    assert_eq!(other.status, 201, "{other:?}");
    let rows = house.acme.get(&format!("{PATH}?group_id=5")).await.json;
    assert_holds(&rows, &json!({ "count": 1 }));
    assert_holds(&rows["collections"][0], &json!({ "id": other.id(), "team_id": 5 }));
    assert_eq!(all(&house.acme).await.len(), 2);
    for answer in [
        house.acme.post(PATH, json!({ "title": "x", "group_id": house.rival.key.group_id })).await,
        house.acme.get(&format!("{PATH}?group_id={}", house.rival.key.group_id)).await,
    ] {
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (403, "no_such_group"));
    }
}

#[tokio::test]
async fn of_many_that_ask_for_one_title_at_once_one_gets_it() {
    let house = TestApp::new().await;
    let answers = join_all((0..20).map(|_| house.acme.post(PATH, json!({ "title": "Summer" })))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, &answer.json["id"]), (409, &json!(made[0].id())), "{answer:?}");
    }
    assert_eq!(all(&house.acme).await.len(), 1);
}

#[tokio::test]
async fn another_tenants_collection_is_not_there() {
    let house = TestApp::new().await;
    let path = format!("{PATH}/{}", make(&house.acme, "Summer").await);
    assert_eq!(all(&house.rival).await, Vec::<Value>::new());
    assert_eq!(house.rival.get(&path).await.status, 404);
    assert_eq!(house.rival.put(&path, json!({ "title": "x" })).await.status, 404);
    assert_eq!(house.rival.delete(&path).await.status, 404);
    assert_eq!(house.acme.get(&path).await.json["title"], "Summer");
}
