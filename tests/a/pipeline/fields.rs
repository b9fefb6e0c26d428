use serde_json::{Value, json};

use harness::{TestApp, named, refusal};

const PATH: &str = "/api/lead-custom-fields";

async fn make(house: &TestApp, body: Value) -> Value {
    let made = house.acme.post(PATH, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json
}

async fn listed(house: &TestApp) -> Vec<Value> {
    let answer = house.acme.get(PATH).await;
    let fields = answer.json["fields"].as_array().unwrap().clone();
    assert_eq!(answer.json["count"], fields.len());
    fields
}

#[tokio::test]
async fn every_documented_type_can_be_created() {
    let house = TestApp::new().await;
    assert_eq!(listed(&house).await, [] as [Value; 0]);
    for field_type in ["text", "textarea", "number", "date", "checkbox", "url"] {
        let made =
            make(&house, json!({ "label": field_type, "field_type": field_type, "options": null })).await;
        assert_eq!((&made["machine_name"], &made["options"]), (&json!(field_type), &json!([])));
    }
    let select = json!({ "label": "Size", "field_type": "select", "options": ["S", 10], "required": "true" });
    let made = make(&house, select).await;
    let fields = listed(&house).await;
    assert_eq!(fields.len(), 7);
    let expected = json!({
        "id": made["id"], "label": "Size", "machine_name": "size", "field_type": "select",
        "options": ["S", "10"], "required": true,
    });
    assert_eq!(fields[6], expected);
    assert_eq!(house.rival.get(PATH).await.json["count"], 0);
}

#[tokio::test]
async fn options_belong_to_a_select_and_may_come_as_text() {
    let house = TestApp::new().await;
    let ask = |field_type: &str, options: Value| {
        house.acme.post(PATH, json!({ "label": "x", "field_type": field_type, "options": options }))
    };
    for options in [Value::Null, json!([]), json!(""), json!("Small"), json!({}), json!([" "])] {
        assert_eq!(named(&ask("select", options.clone()).await), ["options"], "{options}");
    }
    assert_eq!(named(&ask("text", json!(["Small"])).await), ["options"]);
    assert_eq!(ask("text", json!([])).await.status, 201);
    let made = ask("select", json!(r#"["Small","Large"]"#)).await;
    assert_eq!((made.status, &made.json["options"]), (201, &json!(["Small", "Large"])), "{made:?}");
}

#[tokio::test]
async fn machine_names_never_clash() {
    let house = TestApp::new().await;
    let name = async |label: &str| {
        make(&house, json!({ "label": label, "field_type": "text" })).await["machine_name"].clone()
    };
    for (label, expected) in [
        ("Deal Size", "deal_size"),
        ("deal size", "deal_size_2"),
        ("Email", "email_2"),
        ("Lead score", "lead_score_2"),
        ("Status", "status_2"),
        ("予算", "field_1"),
        ("サイズ", "field_2"),
    ] {
        assert_eq!(name(label).await, expected, "{label}");
    }
}

#[tokio::test]
async fn label_options_and_required_change_and_the_rest_does_not() {
    let house = TestApp::new().await;
    let select = json!({ "label": "Size", "field_type": "select", "options": ["S", "L"] });
    let id = make(&house, select).await["id"].clone();
    let path = format!("{PATH}/{id}");
    let whole = json!({
        "id": id, "label": "Deal size", "machine_name": "size", "field_type": "select",
        "options": ["S", "M", "L"], "required": true,
    });
    let changed = house.acme.patch(&path, whole.clone()).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(listed(&house).await, std::slice::from_ref(&whole));
    for (patch, field) in [
        (json!({ "field_type": "text" }), "field_type"),
        (json!({ "machine_name": "deal_size" }), "machine_name"),
        (json!({ "options": [] }), "options"),
        (json!({ "options": ["S", "s"] }), "options"),
        (json!({ "label": null }), "label"),
    ] {
        assert_eq!(named(&house.acme.patch(&path, patch).await), [field]);
    }
    assert_eq!(listed(&house).await, [whole]);
    let text = make(&house, json!({ "label": "Note", "field_type": "text" })).await;
    let answer = house.acme.patch(&format!("{PATH}/{}", text["id"]), json!({ "options": ["S"] })).await;
    assert_eq!(named(&answer), ["options"]);
}

#[tokio::test]
async fn a_deleted_field_leaves_its_machine_name_to_the_next() {
    let house = TestApp::new().await;
    let first = make(&house, json!({ "label": "Size", "field_type": "text" })).await;
    let path = format!("{PATH}/{}", first["id"]);
    assert_eq!(house.rival.delete(&path).await.status, 404);
    let deleted = house.acme.delete(&path).await;
    let expected = json!({
        "success": true, "id": first["id"], "message": "Custom field deleted successfully.",
    });
    assert_eq!((deleted.status, deleted.json), (200, expected));
    assert_eq!(house.acme.delete(&path).await.status, 404);
    let second = make(&house, json!({ "label": "Size", "field_type": "number" })).await;
    assert_eq!(second["machine_name"], "size");
    assert_ne!(second["id"], first["id"]);
}

#[tokio::test]
async fn there_are_at_most_a_hundred() {
    let house = TestApp::new().await;
    for n in 1..=100 {
        make(&house, json!({ "label": format!("Field {n}"), "field_type": "text" })).await;
    }
    let beyond = house.acme.post(PATH, json!({ "label": "Field 101", "field_type": "text" })).await;
    assert_eq!((beyond.status, refusal(&beyond, PATH).as_str()), (409, "too_many_fields"));
}

#[tokio::test]
async fn options_that_would_fill_the_pipeline_are_a_413() {
    let house = TestApp::new().await;
    let options: Vec<_> = (0..200).map(|n| format!("{n:0200}")).collect();
    let body =
        |n: usize| json!({ "label": format!("Field {n}"), "field_type": "select", "options": options });
    for n in 0..3 {
        make(&house, body(n)).await;
    }
    let beyond = house.acme.post(PATH, body(3)).await;
    assert_eq!((beyond.status, refusal(&beyond, PATH).as_str()), (413, "pipeline_too_large"));
    assert_eq!(listed(&house).await.len(), 3);
}
