use serde_json::json;

use super::{SECOND, bound, three_groups};

#[tokio::test]
async fn groups_are_made_listed_and_renamed() {
    let house = three_groups().await;
    let made = house.acme.post("/api/groups", json!({ "name": "  Northwind " })).await;
    assert_eq!((made.status, &made.json["group"]["name"]), (201, &json!("Northwind")), "{made:?}");
    let id = made.json["group"]["id"].as_u64().unwrap();
    let path = format!("/api/groups/{id}");
    let renamed = house.acme.patch(&path, json!({ "name": "Northwind Traders" })).await;
    assert_eq!((renamed.status, &renamed.json["group"]["name"]), (200, &json!("Northwind Traders")));
    let listed = house.acme.get("/api/groups").await;
    assert_eq!((listed.status, &listed.json["count"]), (200, &json!(4)), "{listed:?}");
    let rows = listed.json["groups"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["id"] == id && row["status"] == "active"), "{rows:?}");
    // What is made in it lies there.
    let lead =
        json!({ "email": "ann@client.example", "first_name": "Ann", "last_name": "Lee", "group_id": id });
    assert_eq!(house.acme.post("/api/leads", lead).await.status, 201);
    let listed = house.acme.get(&format!("/api/leads/list?group_id={id}")).await;
    assert_eq!(listed.json["total"], 1, "{listed:?}");
}

#[tokio::test]
async fn who_is_bound_lists_his_groups_and_changes_none() {
    let house = three_groups().await;
    let key = bound(&house, &[SECOND]).await;
    let listed = key.get("/api/groups").await;
    assert_eq!(
        (listed.status, &listed.json["groups"][0]["id"], &listed.json["count"]),
        (200, &json!(SECOND), &json!(1))
    );
    for answer in [
        key.post("/api/groups", json!({ "name": "Mine" })).await,
        key.patch(&format!("/api/groups/{SECOND}"), json!({ "name": "Mine" })).await,
        key.delete(&format!("/api/groups/{SECOND}")).await,
    ] {
        assert_eq!((answer.status, &answer.json["code"]), (403, &json!("bound_to_groups")), "{answer:?}");
    }
}

#[tokio::test]
async fn another_tenants_group_is_not_there() {
    let house = three_groups().await;
    let theirs = format!("/api/groups/{}", house.rival.key.group_id);
    assert_eq!(house.acme.patch(&theirs, json!({ "name": "Mine" })).await.status, 404);
    assert_eq!(house.acme.delete(&theirs).await.status, 404);
    let to = format!("/api/groups/{SECOND}?move_to={}", house.rival.key.group_id);
    assert_eq!(house.acme.delete(&to).await.status, 403);
}

#[tokio::test]
async fn there_are_five_hundred_groups_at_the_most() {
    let house = three_groups().await;
    for n in 0..497 {
        house.seed_group(&house.acme, SECOND + 100 + n).await;
    }
    let more = house.acme.post("/api/groups", json!({ "name": "One more" })).await;
    assert_eq!((more.status, &more.json["code"]), (409, &json!("too_many_groups")), "{more:?}");
    assert_eq!(house.acme.get("/api/groups").await.json["count"], 500);
}
