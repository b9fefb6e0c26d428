//! Lists by client group, which an organization has from its second one on.

use std::time::Duration;

use harness::{TestApp, footprint::shown};
use serde_json::{Value, json};
use standins::dump;

async fn lead(house: &TestApp, email: &str, group: Option<u64>) -> u64 {
    let mut lead = json!({ "email": email, "first_name": "Ann", "last_name": "Lee", "lead_source": "Fair" });
    if let Some(group) = group {
        lead["group_id"] = group.into();
    }
    let posted = house.acme.post("/api/leads", lead).await;
    assert_eq!(posted.status, 201, "{posted:?}");
    posted.id()
}

async fn listed(house: &TestApp, path: &str, kind: &str) -> Vec<u64> {
    let listed = house.acme.get(path).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    listed.json[kind].as_array().unwrap().iter().map(|row: &Value| row["id"].as_u64().unwrap()).collect()
}

/// Entries that list by client group.
async fn entries(house: &TestApp) -> usize {
    let items = shown(dump::items(&house.file).await.unwrap());
    items.iter().filter(|item| item.pk.contains("-by#group#")).count()
}

#[tokio::test]
async fn lists_by_group_are_made_up_when_there_is_a_second_one_and_are_right_meanwhile() {
    let house = TestApp::new().await;
    let first = house.acme.key.group_id.get();
    let old = lead(&house, "a@x.example", None).await;
    let media = json!({ "title": "Logo", "media_type": "image" });
    let media = house.acme.post("/api/media", media).await.id();
    assert_eq!(entries(&house).await, 0, "nobody pays for lists of the only group");
    assert_eq!(listed(&house, &format!("/api/leads/list?group_id={first}"), "leads").await, [old]);

    let second = house.acme.post("/api/groups", json!({ "name": "Northwind" })).await;
    assert_eq!(second.status, 201, "{second:?}");
    let second = second.json["group"]["id"].as_u64().or(second.json["id"].as_u64()).unwrap();
    let new = lead(&house, "b@x.example", Some(second)).await;
    assert_eq!(entries(&house).await, 4, "those of the new lead");
    for _ in 0..4 {
        for status in ["", "&status=New", "&source=fair"] {
            let of = async |group| {
                listed(&house, &format!("/api/leads/list?group_id={group}{status}"), "leads").await
            };
            assert_eq!((of(first).await, of(second).await), (vec![old], vec![new]), "{status}");
        }
        assert_eq!(listed(&house, &format!("/api/media/list?group_id={first}"), "media").await, [media]);
        assert_eq!(listed(&house, &format!("/api/media/list?group_id={second}"), "media").await, [0; 0]);
        let kept = house.acme.delete(&format!("/api/groups/{second}")).await;
        assert_eq!((kept.status, &kept.json["code"]), (409, &json!("group_not_empty")), "{kept:?}");
        house.advance(Duration::from_secs(70));
        house.tick().await;
        house.drain().await;
    }
    assert_eq!(entries(&house).await, 9, "and those of what was there");
    assert_eq!(house.acme.delete(&format!("/api/leads/{new}")).await.status, 200);
    assert_eq!(house.acme.delete(&format!("/api/groups/{second}")).await.status, 200);
    assert_eq!(entries(&house).await, 5);
}

/// An instance that believes for a while longer that there is one group lists by none; the chore comes after it.
#[tokio::test]
async fn what_an_instance_writes_that_has_not_heard_of_the_second_group_is_listed_too() {
    let house = TestApp::new().await;
    let first = house.acme.key.group_id.get();
    lead(&house, "a@x.example", None).await;
    let other = house.elsewhere(&house.acme);
    assert_eq!(other.post("/api/groups", json!({ "name": "Northwind" })).await.status, 201);
    house.advance(Duration::from_secs(30));
    let late = lead(&house, "b@x.example", None).await;
    assert_eq!(entries(&house).await, 0, "this instance has not heard of it");
    for _ in 0..4 {
        house.advance(Duration::from_secs(70));
        house.tick().await;
        house.drain().await;
    }
    assert_eq!(entries(&house).await, 8);
    assert_eq!(listed(&house, &format!("/api/leads/list?group_id={first}"), "leads").await[0], late);
}
