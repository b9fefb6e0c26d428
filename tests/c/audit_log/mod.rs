//! The audit log: who did what, listed and exported.

use std::time::Duration;

use harness::{PASSWORD, TestApp};
use http::Method;
use serde_json::{Value, json};
use shared::{accounts::NewUser, clock, domain::org::Role};

async fn key(house: &TestApp, name: &str) -> u64 {
    let made = house.acme.post("/api/v1/api_keys", json!({ "name": name })).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_u64().unwrap()
}

fn actions(listed: &Value) -> Vec<&str> {
    listed["audit_log"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_was_done_with_keys_and_settings_is_listed_newest_first() {
    let house = TestApp::new().await;
    let id = key(&house, "Production automation").await;
    house.acme.delete(&format!("/api/v1/api_keys/{id}/revoke")).await;
    house.acme.post("/api/lead-statuses", json!({ "label": "Hot", "color": "#ff0000" })).await;
    let listed = house.acme.get("/api/v1/audit_log").await;
    assert_eq!(
        actions(&listed.json),
        ["organization.updated", "api_key.revoked", "api_key.created"],
        "{listed:?}"
    );
    let entry = &listed.json["audit_log"][2];
    assert_eq!((&entry["category"], &entry["subject_id"]), (&json!("keys"), &json!(id)));
    assert_eq!(entry["data"]["name"], "Production automation");
    assert_eq!(entry["actor_id"], house.acme.key.user_id.get());
    assert_eq!((&listed.json["total_count"], listed.json.get("next_cursor")), (&Value::Null, None));

    let only = house.acme.get("/api/v1/audit_log?category=keys").await;
    assert_eq!(actions(&only.json), ["api_key.revoked", "api_key.created"]);
    let only = house.acme.get("/api/v1/audit_log?action=api_key.revoked").await;
    assert_eq!(actions(&only.json), ["api_key.revoked"]);
    let neither = house.acme.get("/api/v1/audit_log?category=settings&action=api_key.revoked").await;
    assert!(actions(&neither.json).is_empty());
    let mine = format!("/api/v1/audit_log?actor_id={}", house.acme.key.user_id);
    assert_eq!(actions(&house.acme.get(&mine).await.json).len(), 3);
    let theirs = format!("/api/v1/audit_log?actor_id={}", house.rival.key.user_id);
    assert!(actions(&house.acme.get(&theirs).await.json).is_empty());
    assert!(actions(&house.rival.get("/api/v1/audit_log").await.json).is_empty(), "another tenant's");
}

#[tokio::test]
async fn an_entry_names_the_credential_that_it_was_done_with() {
    let house = TestApp::new().await;
    key(&house, "by a key").await;
    let person = house.log_in(&house.acme).await;
    assert_eq!(person.post("/api/v1/api_keys", json!({ "name": "by a person" })).await.status, 201);
    let listed = house.acme.get("/api/v1/audit_log?category=keys").await.json;
    let with = |at: usize| (&listed["audit_log"][at]["through"], &listed["audit_log"][at]["api_key_id"]);
    assert_eq!(with(0), (&json!("session"), &Value::Null), "{listed}");
    assert_eq!(with(1), (&json!("api_key"), &json!(house.acme.key.id)), "{listed}");
}

#[tokio::test]
async fn a_day_counts_from_its_beginning_to_its_end() {
    let house = TestApp::new().await;
    key(&house, "today").await;
    let today = clock::iso(house.app.now());
    let (day, moment) = (&today[..10], house.app.now());
    for (span, found) in [
        (format!("from={day}&to={day}"), 1),
        (format!("to={day}"), 1),
        (format!("to={day}T00:00:00Z"), 0),
        (format!("to={}", clock::iso_millis(moment)), 1),
        (format!("to={}", &clock::iso(moment.minus(Duration::from_secs(24 * 3_600)))[..10]), 0),
    ] {
        let listed = house.acme.get(&format!("/api/v1/audit_log?{span}")).await;
        assert_eq!(actions(&listed.json).len(), found, "{span}: {listed:?}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_by_cursor() {
    let house = TestApp::new().await;
    for n in 0..5 {
        key(&house, &format!("key {n}")).await;
    }
    let (mut names, mut path) = (Vec::new(), "/api/v1/audit_log?per_page=2".to_owned());
    loop {
        let page = house.acme.get(&path).await.json;
        names.extend(page["audit_log"].as_array().unwrap().iter().map(|entry| entry["data"]["name"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/audit_log?per_page=2&cursor={cursor}");
    }
    assert_eq!(names, ["key 4", "key 3", "key 2", "key 1", "key 0"]);
}

#[tokio::test]
async fn a_decision_is_audited_with_who_made_it() {
    let house = TestApp::new().await;
    let made =
        house.acme.post("/automation/payload/create", json!({ "title": "Draft", "payload": {} })).await;
    let decision = json!({ "entity_type": "custom_payload", "entity_id": made.id(), "notes": "Looks good." });
    house.acme.post("/automation/approve", decision.clone()).await;
    // Repeated, it is no other decision.
    house.acme.post("/automation/approve", decision).await;
    let listed = house.acme.get("/api/v1/audit_log?category=decisions").await;
    assert_eq!(actions(&listed.json), ["review.approved"], "{listed:?}");
    assert_eq!(listed.json["audit_log"][0]["data"]["notes"], "Looks good.");
}

#[tokio::test]
async fn filters_that_mean_nothing_are_refused() {
    let house = TestApp::new().await;
    for query in [
        "category=secrets",
        "action=lead.created",
        "action=nothing",
        "from=yesterday",
        "per_page=0",
        "per_page=1001",
        "cursor=x",
        "actor_id=lead_1Gd3mP2a",
    ] {
        for path in ["/api/v1/audit_log", "/api/v1/audit_log/export"] {
            if path.ends_with("export") && query.starts_with("per_page") {
                continue;
            }
            let answer = house.acme.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, 422, "{path}?{query}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn it_is_exported_as_csv_that_no_spreadsheet_runs() {
    let house = TestApp::new().await;
    key(&house, "=HYPERLINK(\"https://evil.example\")").await;
    let exported = house.acme.get("/api/v1/audit_log/export").await;
    assert_eq!((exported.status, exported.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let lines: Vec<_> = exported.text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "id,created_at,category,action,actor_id,actor,through,api_key_id,subject_type,subject_id,data"
    );
    assert!(
        lines[1].contains(",keys,api_key.created,") && lines[1].contains(r#"""name"":""=HYPER"#),
        "{}",
        lines[1]
    );
    assert_eq!((lines.len(), lines[2]), (3, ""), "a line each, and the end of the last");
    assert_eq!(exported.header("x-next-cursor"), None);
}

#[tokio::test]
async fn it_goes_back_four_hundred_days() {
    let house = TestApp::new().await;
    key(&house, "old").await;
    house.advance(Duration::from_secs(399 * 24 * 3_600));
    assert_eq!(actions(&house.acme.get("/api/v1/audit_log").await.json), ["api_key.created"]);
    let events = house.acme.get("/v1/events").await;
    assert_eq!(events.json["data"], json!([]), "the log of events goes back thirty days");
    house.advance(Duration::from_secs(2 * 24 * 3_600));
    assert!(actions(&house.acme.get("/api/v1/audit_log").await.json).is_empty());
}

#[tokio::test]
async fn every_key_is_told_of_also_one_that_comes_with_its_member() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 7).await;
    let wish = json!({ "email": "ann@acme.example", "role": "viewer", "group_ids": [7] });
    let invited = house.acme.post("/api/v1/team_members", wish).await;
    let body = json!({ "token": invited.json["invitation"]["token"], "password": PASSWORD });
    let path = "/api/v1/invitations/accept";
    assert_eq!(house.acme.bare(Method::POST, path, Some(body), &[]).await.status, 200);
    let listed = house.acme.get("/api/v1/audit_log").await.json;
    let entry = |action: &str| {
        let all = listed["audit_log"].as_array().unwrap();
        all.iter().find(|entry| entry["action"] == action).unwrap_or_else(|| panic!("{action}: {listed}"))
    };
    let (joined, made) = (entry("member.joined"), entry("api_key.created"));
    assert_eq!((&joined["data"]["group_ids"], &made["actor_id"]), (&json!([7]), &json!(invited.id())));
    assert_eq!(made["data"]["name"], "default");
    // At the command line, in the name of somebody.
    let owner = house.stored_user(&house.acme).await;
    let new = NewUser { email: "bob@acme.example".into(), role: Role::Viewer, password: PASSWORD.into() };
    let bob =
        house.app.accounts().create_bound_user(Some(&owner), owner.tenant, new, Vec::new()).await.unwrap();
    house.app.accounts().reset_password(&bob, &"a better staple".into()).await.unwrap();
    let listed = house.acme.get("/api/v1/audit_log").await.json;
    let shown: Vec<_> = listed["audit_log"].as_array().unwrap()[..3]
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), &entry["actor_id"], &entry["through"]))
        .collect();
    let (line, by, his) = (json!("command_line"), json!(owner.id), json!(bob.id));
    assert!(shown.contains(&("password.changed", &his, &line)), "{shown:?}");
    assert!(shown.contains(&("member.joined", &by, &line)), "{shown:?}");
    assert!(shown.contains(&("api_key.created", &by, &line)), "{shown:?}");
}
