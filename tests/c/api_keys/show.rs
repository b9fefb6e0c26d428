use serde_json::{Value, json};

use harness::{TestApp, assert_holds, named, refusal};

use super::{DAY, PATH, make, revoke};

#[tokio::test]
async fn keys_are_listed_newest_first_and_without_their_texts() {
    let house = TestApp::new().await;
    let (_, first) = make(&house.acme, json!({ "name": "first" })).await;
    let (_, second) = make(&house.acme, json!({ "name": "second", "expires_in": 1 })).await;
    make(&house.rival, json!({ "name": "theirs" })).await;
    revoke(&house.acme, first).await;
    house.advance(DAY);
    let listed = house.acme.get(PATH).await;
    assert_eq!((listed.status, &listed.json["total_count"]), (200, &json!(3)));
    let names: Vec<_> = listed.json["api_keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (&key["name"], &key["status"]))
        .collect();
    let (active, expired, revoked) = (json!("active"), json!("expired"), json!("revoked"));
    let expected = [(json!("second"), &expired), (json!("first"), &revoked), (json!("default"), &active)];
    assert_eq!(names, expected.iter().map(|(name, status)| (name, *status)).collect::<Vec<_>>());
    for key in listed.json["api_keys"].as_array().unwrap() {
        assert!(key.get("key").is_none() && key["last_four"].as_str().unwrap().len() == 4, "{key}");
    }
    let shown = house.acme.get(&format!("{PATH}/{second}")).await;
    assert_holds(&shown.json, &json!({ "name": "second", "expires_at": "2025-01-22T10:30:00Z" }));
    assert_eq!(shown.json, listed.json["api_keys"][0]);
    // Any rendering of an id is one.
    assert_eq!(house.acme.get(&format!("{PATH}/{}", second.uuid())).await.json, shown.json);
}

#[tokio::test]
async fn a_list_can_be_taken_in_parts() {
    let house = TestApp::new().await;
    for name in ["one", "two", "three"] {
        make(&house.acme, json!({ "name": name })).await;
    }
    let names = |answer: &harness::Answer| -> Vec<Value> {
        answer.json["api_keys"].as_array().unwrap().iter().map(|key| key["name"].clone()).collect()
    };
    let page = house.acme.get(&format!("{PATH}?page=2&per_page=2")).await;
    assert_eq!((names(&page), &page.json["total_count"]), (vec![json!("one"), json!("default")], &json!(4)));
    let first = house.acme.get(&format!("{PATH}?per_page=3")).await;
    let cursor = first.json["next_cursor"].as_str().unwrap();
    let rest = house.acme.get(&format!("{PATH}?per_page=3&cursor={cursor}")).await;
    assert_eq!(names(&rest), [json!("default")]);
    let behind = house.acme.get(&format!("{PATH}?page=2")).await;
    assert_eq!(
        (names(&behind), &behind.json["total_count"]),
        (vec![], &json!(4)),
        "whoever reads until there is nothing"
    );
    assert_eq!(named(&house.acme.get(&format!("{PATH}?cursor=x")).await), ["cursor"]);
    let beyond = house.acme.get(&format!("{PATH}?page=1001&per_page=1")).await;
    assert!(beyond.text.contains("cursor") && named(&beyond) == ["page"], "{beyond:?}");
}

#[tokio::test]
async fn who_may_look_at_keys_may_not_make_them() {
    let house = TestApp::new().await;
    let (auditor, id) = make(&house.acme, super::scoped(&["api_keys:inspect"])).await;
    for path in [PATH.to_owned(), format!("{PATH}/{id}"), format!("{PATH}/usage")] {
        assert_eq!(auditor.get(&path).await.status, 200, "{path}");
    }
    let refused = auditor.post(PATH, json!({})).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (403, "missing_scope"));
}

#[tokio::test]
async fn a_season_after_its_end_a_key_is_gone() {
    let house = TestApp::new().await;
    let (_, id) = make(&house.acme, json!({})).await;
    revoke(&house.acme, id).await;
    house.advance(90 * DAY);
    assert_eq!(house.acme.get(&format!("{PATH}/{id}")).await.status, 404);
    assert_eq!(house.acme.get(PATH).await.json["total_count"], 1);
}
