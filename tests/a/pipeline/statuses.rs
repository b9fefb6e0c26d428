use serde_json::{Value, json};

use harness::{Answer, TestApp, named, refusal};

const PATH: &str = "/api/lead-statuses";

async fn labels(house: &TestApp) -> Vec<String> {
    let answer = house.acme.get(PATH).await;
    let statuses = answer.json["statuses"].as_array().unwrap();
    assert_eq!(answer.json["count"], statuses.len());
    for (place, status) in statuses.iter().enumerate() {
        assert_eq!(status["weight"], place, "{status}");
    }
    statuses.iter().map(|status| status["label"].as_str().unwrap().to_owned()).collect()
}

async fn make(house: &TestApp, label: &str) -> u64 {
    let made = house.acme.post(PATH, json!({ "label": label })).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

async fn reorder(house: &TestApp, ids: Value) -> Answer {
    house.acme.post(&format!("{PATH}/reorder"), json!({ "ids": ids })).await
}

#[tokio::test]
async fn everybody_begins_with_the_built_in_statuses() {
    let house = TestApp::new().await;
    let listed = house.acme.get(PATH).await.json;
    assert_eq!(listed["count"], 7);
    assert_eq!(
        listed["statuses"][0],
        json!({ "id": 1, "label": "New", "color": "#3b82f6", "weight": 0, "is_default": true })
    );
    let built_in = listed["statuses"].as_array().unwrap().iter().all(|status| status["is_default"] == true);
    assert!(built_in, "{listed}");
}

#[tokio::test]
async fn a_status_of_ones_own_is_shown_at_the_end_to_nobody_else() {
    let house = TestApp::new().await;
    let made = house.acme.post(PATH, json!({ "label": " Nurturing ", "color": "#10B981" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let plain = house.acme.post(PATH, json!({ "label": "On hold", "color": "" })).await;
    assert_eq!((&made.json["label"], &made.json["color"]), (&json!("Nurturing"), &json!("#10b981")));
    assert_eq!((&plain.json["color"], &plain.json["weight"]), (&json!("#64748b"), &json!(8)));
    let listed = house.acme.get(PATH).await.json;
    assert_eq!(
        listed["statuses"][7],
        json!({
            "id": made.id(), "label": "Nurturing", "color": "#10b981", "weight": 7, "is_default": false,
        })
    );
    assert_eq!(house.rival.get(PATH).await.json["count"], 7);
}

#[tokio::test]
async fn a_label_that_is_taken_is_a_409_with_its_holder() {
    let house = TestApp::new().await;
    let id = make(&house, "On hold").await;
    for (label, holder) in [("On hold", id), ("  ON   HOLD ", id), ("qualified", 3)] {
        let again = house.acme.post(PATH, json!({ "label": label })).await;
        assert_eq!((again.status, refusal(&again, PATH).as_str()), (409, "duplicate_label"), "{label}");
        assert_eq!(again.json["id"], holder, "{label}");
    }
    let other = make(&house, "Asleep").await;
    let patched = house.acme.patch(&format!("{PATH}/{other}"), json!({ "label": "on hold" })).await;
    assert_eq!((patched.status, &patched.json["id"]), (409, &json!(id)), "{patched:?}");
    let own = house.acme.patch(&format!("{PATH}/{other}"), json!({ "label": "ASLEEP" })).await;
    assert_eq!(own.status, 200, "{own:?}");
    assert_eq!(labels(&house).await[7..], ["On hold", "ASLEEP"]);
}

#[tokio::test]
async fn label_and_colour_change_each_for_itself() {
    let house = TestApp::new().await;
    let path = format!("{PATH}/{}", make(&house, "On hold").await);
    let shown = async || {
        let status = house.acme.get(PATH).await.json["statuses"][7].clone();
        (status["label"].clone(), status["color"].clone())
    };
    for (patch, expected) in [
        (json!({ "label": "Asleep" }), (json!("Asleep"), json!("#64748b"))),
        (json!({ "color": "#000000" }), (json!("Asleep"), json!("#000000"))),
        (json!({}), (json!("Asleep"), json!("#000000"))),
        (json!({ "label": "Awake", "color": "#FFFFFF" }), (json!("Awake"), json!("#ffffff"))),
    ] {
        let changed = house.acme.patch(&path, patch.clone()).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        assert_eq!(shown().await, expected, "{patch}");
    }
    for (patch, field) in [(json!({ "label": " " }), "label"), (json!({ "color": "red" }), "color")] {
        assert_eq!(named(&house.acme.patch(&path, patch).await), [field]);
    }
}

#[tokio::test]
async fn built_in_statuses_can_be_moved_and_nothing_else() {
    let house = TestApp::new().await;
    for id in 1..=7 {
        let path = format!("{PATH}/{id}");
        let patched = house.acme.patch(&path, json!({ "label": "Mine" })).await;
        let deleted = house.acme.delete(&path).await;
        for answer in [patched, deleted] {
            assert_eq!((answer.status, refusal(&answer, &path).as_str()), (403, "built_in_status"), "{id}");
        }
    }
    let moved = reorder(&house, json!([7, 6])).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    assert_eq!(labels(&house).await[..3], ["Lost", "Won", "New"]);
    assert_eq!(moved.json["statuses"], house.acme.get(PATH).await.json["statuses"]);
}

#[tokio::test]
async fn an_order_may_leave_statuses_out_and_spell_ids_as_text() {
    let house = TestApp::new().await;
    let own = make(&house, "On hold").await;
    let moved = reorder(&house, json!(["3", own.to_string(), 1])).await;
    assert_eq!(moved.status, 200, "{moved:?}");
    let expected = ["Qualified", "On hold", "New", "Contacted", "Proposal", "Negotiation", "Won", "Lost"];
    assert_eq!(labels(&house).await, expected);
    assert_eq!(reorder(&house, json!("[2]")).await.status, 200, "a list as text");
    assert_eq!(labels(&house).await[..2], ["Contacted", "Qualified"]);
}

#[tokio::test]
async fn an_order_that_is_none_changes_nothing() {
    let house = TestApp::new().await;
    let foreign = house.rival.post(PATH, json!({ "label": "Theirs" })).await.id();
    let before = labels(&house).await;
    for ids in [json!([2, foreign]), json!([2, 4, 2]), json!(["2", 2]), json!([]), json!([-1])] {
        assert_eq!(named(&reorder(&house, ids.clone()).await), ["ids"], "{ids}");
    }
    assert_eq!(labels(&house).await, before);
}

#[tokio::test]
async fn a_deleted_status_is_gone_and_its_label_free() {
    let house = TestApp::new().await;
    let id = make(&house, "On hold").await;
    let deleted = house.acme.delete(&format!("{PATH}/{id}")).await;
    let expected = json!({
        "success": true, "id": id, "message": "Status deleted successfully.", "reassigned_to": 1,
    });
    assert_eq!((deleted.status, deleted.json), (200, expected));
    assert_eq!(labels(&house).await.len(), 7);
    assert_eq!(house.acme.delete(&format!("{PATH}/{id}")).await.status, 404);
    assert_ne!(make(&house, "On hold").await, id);
}

#[tokio::test]
async fn leads_go_only_to_a_status_that_is_there() {
    let house = TestApp::new().await;
    let id = make(&house, "On hold").await;
    let theirs = house.rival.post(PATH, json!({ "label": "Theirs" })).await.id();
    for heir in ["Asleep", "4242", "On%20hold", &id.to_string(), &theirs.to_string(), "Theirs"] {
        let answer = house.acme.delete(&format!("{PATH}/{id}?reassign_to={heir}")).await;
        assert_eq!(named(&answer), ["reassign_to"], "{heir}: {answer:?}");
    }
    let deleted = house.acme.delete(&format!("{PATH}/{id}?reassign_to=won")).await;
    assert_eq!((deleted.status, &deleted.json["reassigned_to"]), (200, &json!(6)));
}

#[tokio::test]
async fn there_are_at_most_a_hundred() {
    let house = TestApp::new().await;
    for n in 8..=100 {
        make(&house, &format!("Step {n}")).await;
    }
    let beyond = house.acme.post(PATH, json!({ "label": "Step 101" })).await;
    assert_eq!((beyond.status, refusal(&beyond, PATH).as_str()), (409, "too_many_statuses"));
}

#[tokio::test]
async fn a_label_is_the_same_however_its_letters_are_composed() {
    let house = TestApp::new().await;
    let id = make(&house, "Zusätzlich").await;
    let again = house.acme.post(PATH, json!({ "label": "ZUSA\u{308}TZLICH" })).await;
    assert_eq!((again.status, refusal(&again, PATH).as_str()), (409, "duplicate_label"));
    let options = json!({ "label": "x", "field_type": "select", "options": ["Größe", "gro\u{308}ße"] });
    assert_eq!(named(&house.acme.post("/api/lead-custom-fields", options).await), ["options"]);
    let lead = json!({ "first_name": "a", "last_name": "b", "email": "a@example.com", "status": "zusa\u{308}tzlich" });
    assert_eq!(house.acme.post("/api/leads", lead).await.json["status"], "Zusätzlich");
    assert_eq!(house.acme.delete(&format!("{PATH}/{id}")).await.status, 200);
}
