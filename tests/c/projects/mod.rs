//! `/api/v1/projects`.

use serde_json::{Value, json};

use harness::{Answer, TestApp, assert_holds, named, refusal};

const PATH: &str = "/api/v1/projects";

fn names(answer: &Answer) -> Vec<Value> {
    answer.json["projects"].as_array().unwrap().iter().map(|project| project["name"].clone()).collect()
}

#[tokio::test]
async fn a_project_is_made_changed_and_deleted() {
    let house = TestApp::new().await;
    let made =
        house.acme.post(PATH, json!({ "project": { "name": "Spring", "description": "Easter" } })).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_holds(&made.json, &json!({ "name": "Spring", "description": "Easter", "workflow_count": 0 }));
    let path = format!("{PATH}/{}", made.id());
    assert_eq!(house.acme.get(&path).await.json, made.json);
    house.advance(std::time::Duration::from_secs(60));
    let changed = house.acme.patch(&path, json!({ "description": null })).await;
    assert_holds(&changed.json, &json!({ "name": "Spring", "description": null }));
    assert_eq!(changed.json["created_at"], made.json["created_at"]);
    assert_ne!(changed.json["updated_at"], made.json["updated_at"]);
    assert_eq!(house.acme.put(&path, json!({ "name": "Summer" })).await.json["name"], "Summer");
    let gone = house.acme.delete(&path).await;
    assert_eq!((gone.status, gone.header("content-type")), (204, None), "{gone:?}");
    for answer in [house.acme.get(&path).await, house.acme.delete(&path).await] {
        assert_eq!((answer.status, refusal(&answer, PATH).as_str()), (404, "not_found"));
    }
}

#[tokio::test]
async fn projects_are_listed_newest_first_and_in_parts() {
    let house = TestApp::new().await;
    for name in ["one", "two", "three"] {
        house.acme.post(PATH, json!({ "name": name })).await;
    }
    house.rival.post(PATH, json!({ "name": "theirs" })).await;
    let all = house.acme.get(PATH).await;
    assert_eq!(
        (names(&all), &all.json["total_count"]),
        (vec![json!("three"), json!("two"), json!("one")], &json!(3))
    );
    let page = house.acme.get(&format!("{PATH}?page=2&per_page=2")).await;
    assert_eq!((names(&page), &page.json["total_count"]), (vec![json!("one")], &json!(3)));
    let first = house.acme.get(&format!("{PATH}?per_page=2")).await;
    let cursor = first.json["next_cursor"].as_str().unwrap();
    let rest = house.acme.get(&format!("{PATH}?per_page=2&cursor={cursor}")).await;
    assert_eq!((names(&rest), rest.json.get("next_cursor")), (vec![json!("one")], None));
    assert_eq!(named(&house.acme.get(&format!("{PATH}?page=1001&per_page=1")).await), ["page"]);
}

#[tokio::test]
async fn what_a_project_does_not_have_is_refused_and_named() {
    let house = TestApp::new().await;
    let refused =
        house.acme.post(PATH, json!({ "description": "x".repeat(2001), "workflow_count": 3 })).await;
    assert_eq!(named(&refused), ["description", "name", "workflow_count"]);
    let made = house.acme.post(PATH, json!({ "name": "x".repeat(200) })).await;
    assert_eq!(made.status, 201);
    let path = format!("{PATH}/{}", made.id());
    assert_eq!(named(&house.acme.patch(&path, json!({ "name": null })).await), ["name"]);
}

#[tokio::test]
async fn a_repeat_under_the_same_key_makes_no_second_project() {
    let house = TestApp::new().await;
    let made = house.acme.post_once(PATH, "k-1", json!({ "name": "Spring" })).await;
    let again = house.acme.post_once(PATH, "k-1", json!({ "name": "Spring" })).await;
    assert_eq!((made.status, again.status, again.id()), (201, 201, made.id()));
    assert_eq!(house.acme.get(PATH).await.json["total_count"], 1);
}
