use http::Method;
use serde_json::{Value, json};
use shared::accounts::NewKey;

use harness::{Answer, Caller, TestApp, named};

const PATH: &str = "/api/leads/view-config";

async fn set(caller: &Caller, columns: Value) -> Answer {
    caller.call(Method::PUT, PATH, Some(json!({ "columns": columns })), &[]).await
}

#[tokio::test]
async fn whoever_has_chosen_nothing_sees_the_usual_columns() {
    let house = TestApp::new().await;
    let shown = house.acme.get(PATH).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    let columns = shown.json["columns"].as_array().unwrap();
    assert!(columns.contains(&json!("email")) && columns.contains(&json!("status")), "{columns:?}");
    assert_eq!(set(&house.acme, shown.json["columns"].clone()).await.status, 200);
}

#[tokio::test]
async fn columns_come_back_as_they_were_sent() {
    let house = TestApp::new().await;
    for columns in [
        json!(["email", "first_name"]),
        json!([{ "key": "email", "visible": false, "width": 1.0, "": null }, "status"]),
        json!([{ "field": "lead_score", "pinned": { "side": "left" } }, { "name": "created" }]),
        json!([]),
    ] {
        let saved = set(&house.acme, columns.clone()).await;
        assert_eq!((saved.status, &saved.json["columns"]), (200, &columns), "{saved:?}");
        assert_eq!(house.acme.get(PATH).await.json, json!({ "columns": columns }));
    }
    let text = set(&house.acme, json!(r#"["phone"]"#)).await;
    assert_eq!(text.json["columns"], json!(["phone"]), "a list as text");
}

#[tokio::test]
async fn a_view_is_the_users_own() {
    let house = TestApp::new().await;
    set(&house.acme, json!(["email"])).await;
    let second_key = house.key(&house.acme, NewKey::default()).await;
    assert_eq!(second_key.get(PATH).await.json["columns"], json!(["email"]));
    assert_ne!(house.rival.get(PATH).await.json["columns"], json!(["email"]));
}

#[tokio::test]
async fn custom_fields_are_columns_while_they_are_there() {
    let house = TestApp::new().await;
    let field = json!({ "label": "Deal size", "field_type": "text" });
    assert_eq!(named(&set(&house.acme, json!(["email", "deal_size"])).await), ["columns"]);
    let id = house.acme.post("/api/lead-custom-fields", field).await.id();
    let columns = json!([{ "key": "deal_size", "width": 90 }, "email"]);
    assert_eq!(set(&house.acme, columns.clone()).await.status, 200);
    assert_eq!(named(&set(&house.rival, columns.clone()).await), ["columns"]);
    house.acme.delete(&format!("/api/lead-custom-fields/{id}")).await;
    let shown = house.acme.get(PATH).await.json["columns"].clone();
    assert_eq!(shown, json!(["email"]), "what is shown can be saved again");
    assert_eq!(set(&house.acme, shown).await.status, 200);
}

#[tokio::test]
async fn columns_have_bounds() {
    let house = TestApp::new().await;
    assert_eq!(set(&house.acme, json!(vec!["email"; 200])).await.status, 200);
    assert_eq!(named(&set(&house.acme, json!(vec!["email"; 201])).await), ["columns"]);
    let wide = |bytes: usize| json!([{ "key": "email", "note": "x".repeat(bytes) }]);
    assert_eq!(set(&house.acme, wide(16_000)).await.status, 200);
    assert_eq!(named(&set(&house.acme, wide(17_000)).await), ["columns"]);
}

#[tokio::test]
async fn everything_that_a_lead_shows_is_a_column_and_no_name_for_a_custom_field() {
    let house = TestApp::new().await;
    let body = json!({ "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com" });
    let id = house.acme.post("/api/leads", body).await.id();
    let shown = house.acme.get(&format!("/api/leads/{id}")).await.json;
    let names: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(set(&house.acme, json!(names)).await.status, 200);
    for name in names {
        let made =
            house.acme.post("/api/lead-custom-fields", json!({ "label": name, "field_type": "text" })).await;
        assert_eq!(made.json["machine_name"], format!("{name}_2"), "{made:?}");
    }
}
