use serde_json::json;

use super::{SECOND, THIRD, bound, three_groups};

#[tokio::test]
async fn a_key_is_bound_when_it_is_made_and_stays_so_when_it_is_rotated() {
    let house = three_groups().await;
    let made = house.acme.post("/api/v1/api_keys", json!({ "group_ids": [SECOND] })).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.text.contains(&SECOND.to_string()), "{made:?}");
    let text = made.json["data"]["key"].as_str().or(made.json["key"].as_str());
    let text = text.unwrap_or_else(|| panic!("no key in {made:?}")).to_owned();
    let id = made.json["data"]["id"].as_u64().or(made.json["id"].as_u64()).unwrap();
    let key = house.acme.with_key(&text);
    assert_eq!(key.post("/api/payloads", json!({ "title": "x", "group_id": THIRD })).await.status, 403);
    let own = key.post("/api/payloads", json!({ "title": "x" })).await;
    assert_eq!(house.acme.get(&format!("/api/payloads/{}", own.id())).await.json["group_id"], SECOND);
    let rotated = house.acme.post(&format!("/api/v1/api_keys/{id}/rotate"), json!({})).await;
    assert_eq!(rotated.status, 201, "{rotated:?}");
    assert!(rotated.text.contains(&format!("[{SECOND}]")), "{rotated:?}");
}

#[tokio::test]
async fn a_key_is_bound_to_groups_that_are_there_and_makes_things_in_one_of_them() {
    let house = three_groups().await;
    let theirs = house.rival.key.group_id.get();
    let foreign = house.acme.post("/api/v1/api_keys", json!({ "group_ids": [theirs] })).await;
    assert_eq!(foreign.status, 403, "{foreign:?}");
    let outside = json!({ "group_ids": [SECOND], "group_id": THIRD });
    assert_eq!(house.acme.post("/api/v1/api_keys", outside).await.status, 422);
    let inside = json!({ "group_ids": [SECOND, THIRD], "group_id": THIRD });
    assert_eq!(house.acme.post("/api/v1/api_keys", inside).await.status, 201);
}

#[tokio::test]
async fn an_installation_lies_in_the_group_that_it_is_registered_in_and_what_it_sends_with_it() {
    let house = three_groups().await;
    let n8n = |group: Option<u64>| {
        let mut n8n =
            json!({ "instance_id": "one", "host": "https://one.example", "api_key": "k", "title": "One" });
        if let Some(group) = group {
            n8n["group_id"] = json!(group);
        }
        n8n
    };
    let made = house.acme.post("/api/installs/register", n8n(Some(SECOND))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = &made.json["installation_id"];
    let sent = house.acme.post("/api/payloads", json!({ "title": "x", "installation_id": id })).await;
    let seen = house.acme.get(&format!("/api/payloads/{}", sent.id())).await;
    assert_eq!(seen.json["group_id"], SECOND, "{seen:?}");
    // Registered again it stays there, unless another one is named.
    let group = async || house.acme.get(&format!("/api/installs/{id}")).await.json["group_id"].clone();
    assert_eq!(house.acme.post("/api/installs/register", n8n(None)).await.status, 200);
    assert_eq!(group().await, SECOND);
    assert_eq!(house.acme.post("/api/installs/register", n8n(Some(THIRD))).await.status, 200);
    assert_eq!(group().await, THIRD);
    let second = bound(&house, &[SECOND]).await;
    assert_eq!(second.get(&format!("/api/installs/{id}")).await.status, 404);
    let taken = second.post("/api/installs/register", n8n(None)).await;
    assert_eq!((taken.status, &taken.json["code"]), (409, &json!("instance_id_taken")), "{taken:?}");
    house.drain().await;
}
