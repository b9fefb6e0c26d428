//! One address, one lead.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use shared::{
    domain::installation::Installation,
    ids::{GroupId, InstallationId},
    repo::installations::Installations,
};

use super::{PATH, listed, make, person, post, shown, update::another_group, with};
use harness::{Answer, TestApp, assert_holds, named, refusal, samples};

fn known(answer: &Answer, id: u64, message: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_holds(&answer.json, &json!({ "success": true, "id": id, "duplicate": true, "message": message }));
}

#[tokio::test]
async fn the_same_address_again_is_the_same_lead_and_changes_nothing() {
    let house = TestApp::new().await;
    let id = make(&house, with(person("jane@example.com"), json!({ "status": "Won" }))).await;
    let before = shown(&house, id).await;
    for email in ["jane@example.com", "  JANE@Example.COM "] {
        for query in ["", "?on_duplicate=ignore", "?on_duplicate="] {
            let body = with(person(email), json!({ "first_name": "Janet", "status": "Lost" }));
            let again = house.acme.post(&format!("{PATH}{query}"), body).await;
            known(&again, id, "Lead already exists.");
            assert_eq!(again.json["status"], "Won");
        }
    }
    assert_eq!(shown(&house, id).await, before);
    assert_eq!(listed(&house, "").await, [id]);
}

#[tokio::test]
async fn update_writes_what_is_not_blank() {
    let house = TestApp::new().await;
    let first = json!({ "phone": "1", "company_name": "Acme", "lead_score": 10, "status": "Won", "budget_confirmed": true });
    let id = make(&house, with(person("jane@example.com"), first)).await;
    let sent = json!({ "phone": "", "company_name": "Globex", "job_title": "CTO", "timeline": null, "lead_score": 0 });
    let again = post(&house, "update", with(person("Jane@Example.com"), sent)).await;
    known(&again, id, "Lead updated.");
    assert_eq!(again.json["status"], "Won");
    let expected = json!({
        "email": "jane@example.com", "phone": "1", "company_name": "Globex", "job_title": "CTO",
        "timeline": null, "lead_score": 0, "status": "Won", "budget_confirmed": true,
    });
    assert_holds(&shown(&house, id).await, &expected);
    assert_eq!(listed(&house, "?search=globex").await, [id]);
    assert_eq!(listed(&house, "?search=acme").await, [] as [u64; 0]);
}

#[tokio::test]
async fn an_update_that_says_nothing_new_writes_nothing() {
    let house = TestApp::new().await;
    let body = with(person("jane@example.com"), json!({ "phone": "1", "status": "Won" }));
    let id = make(&house, body.clone()).await;
    let (before, spent) = (shown(&house, id).await, house.meter());
    house.advance(std::time::Duration::from_secs(60));
    known(&post(&house, "update", body).await, id, "Lead updated.");
    assert_eq!(house.meter().since(&spent).write_units, 0.0);
    assert_eq!(shown(&house, id).await, before);
}

#[tokio::test]
async fn create_makes_another_one_and_the_first_keeps_the_address() {
    let house = TestApp::new().await;
    let first = make(&house, person("jane@example.com")).await;
    let second = post(&house, "create", person("jane@example.com")).await;
    assert_eq!(second.status, 201, "{second:?}");
    assert_ne!(second.id(), first);
    assert_eq!(second.json["duplicate"], Value::Null);
    known(&post(&house, "ignore", person("jane@example.com")).await, first, "Lead already exists.");
    assert_eq!(listed(&house, "?email=jane@example.com").await, [second.id(), first]);
}

#[tokio::test]
async fn create_takes_a_free_address() {
    let house = TestApp::new().await;
    let made = post(&house, "create", person("jane@example.com")).await;
    assert_eq!(made.status, 201, "{made:?}");
    known(&post(&house, "ignore", person("jane@example.com")).await, made.id(), "Lead already exists.");
}

#[tokio::test]
async fn what_was_made_beside_the_owner_stands_in_for_it() {
    let house = TestApp::new().await;
    let first = make(&house, person("jane@example.com")).await;
    let second = post(&house, "create", person("jane@example.com")).await.id();
    house.acme.delete(&format!("{PATH}/{first}")).await;
    known(&post(&house, "ignore", person("jane@example.com")).await, second, "Lead already exists.");
    house.acme.delete(&format!("{PATH}/{second}")).await;
    assert_eq!(post(&house, "ignore", person("jane@example.com")).await.status, 201);
}

#[tokio::test]
async fn the_body_may_say_it_and_the_query_goes_first() {
    let house = TestApp::new().await;
    let id = make(&house, person("jane@example.com")).await;
    let body = |word: &str| with(person("jane@example.com"), json!({ "on_duplicate": word }));
    known(&house.acme.post(PATH, body("update")).await, id, "Lead updated.");
    known(&post(&house, "update", body("create")).await, id, "Lead updated.");
    assert_eq!(house.acme.post(PATH, body("create")).await.status, 201);
    for answer in
        [house.acme.post(PATH, body("merge")).await, post(&house, "merge", person("b@example.com")).await]
    {
        assert_eq!(named(&answer), ["on_duplicate"]);
        assert!(answer.json["message"].as_str().unwrap().contains("ignore, update, create"), "{answer:?}");
    }
}

#[tokio::test]
async fn groups_and_organizations_have_their_own_leads() {
    let house = TestApp::new().await;
    let other = another_group(&house, 77).await;
    let here = make(&house, person("jane@example.com")).await;
    let there = make(&house, with(person("jane@example.com"), json!({ "group_id": other }))).await;
    assert_ne!(here, there);
    let rivals = house.rival.post(PATH, person("jane@example.com")).await;
    assert_eq!(rivals.status, 201, "{rivals:?}");
    assert_eq!(listed(&house, "?email=jane@example.com").await, [there, here]);
    assert_eq!(listed(&house, "?email=jane@example.com&group_id=77").await, [there]);
    let again = house.acme.post(PATH, with(person("jane@example.com"), json!({ "group_id": other }))).await;
    known(&again, there, "Lead already exists.");
}

#[tokio::test]
async fn an_address_is_looked_up_in_the_group_that_the_installation_says() {
    let house = samples::scene().await;
    let (store, group_id) = (&*house.app.store, GroupId::from_u64(another_group(&house, 77).await).unwrap());
    let installations = Installations::new(store, house.acme.key.tenant);
    let old = installations.get(InstallationId::from_u64(45).unwrap()).await.unwrap().unwrap();
    let moved = Installation { group_id, v: old.v + 1, ..old.clone() };
    store.transact(installations.replace(&old, &moved, None).unwrap()).await.unwrap();
    // An instance remembers installations for a while.
    house.advance(Duration::from_secs(3600));
    let here = make(&house, person("jane@example.com")).await;
    let from_n8n = || with(person("jane@example.com"), json!({ "installation_id": 45 }));
    let there = make(&house, from_n8n()).await;
    assert_ne!(here, there);
    known(&house.acme.post(PATH, from_n8n()).await, there, "Lead already exists.");
    known(&house.acme.post(PATH, person("jane@example.com")).await, here, "Lead already exists.");
}

#[tokio::test]
async fn a_deleted_lead_frees_its_address() {
    let house = TestApp::new().await;
    let first = make(&house, person("jane@example.com")).await;
    house.acme.delete(&format!("{PATH}/{first}")).await;
    let second = make(&house, person("jane@example.com")).await;
    assert_ne!(first, second);
    assert_eq!(listed(&house, "").await, [second]);
}

/// Fifty at once, each as its own request.
async fn fifty(house: &TestApp, on_duplicate: &str) -> Vec<Answer> {
    let requests = (0..50).map(|n| {
        let body = with(person("jane@example.com"), json!({ "phone": n }));
        async move { post(house, on_duplicate, body).await }
    });
    join_all(requests).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_creates_of_one_address_make_one_lead() {
    for on_duplicate in ["ignore", "update"] {
        let house = TestApp::new().await;
        let answers = fifty(&house, on_duplicate).await;
        let ids: BTreeSet<u64> = answers.iter().map(Answer::id).collect();
        assert_eq!(ids.len(), 1, "{on_duplicate}");
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1, "{on_duplicate}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201)), "{answers:?}");
        assert_eq!(listed(&house, "").await, ids.into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_that_ask_for_another_one_make_fifty() {
    let house = TestApp::new().await;
    let answers = fifty(&house, "create").await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    let mut ids: Vec<u64> = answers.iter().map(Answer::id).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(listed(&house, "").await, ids);
    assert_eq!(super::paged(&house, "email=jane@example.com", 7).await, ids);
}

#[tokio::test]
async fn an_update_that_asks_for_a_person_waits_for_one() {
    let house = samples::scene().await;
    let id = make(&house, person("jane@example.com")).await;
    let ask = |execution: u64| {
        let more = json!({
            "human_interaction": true, "allow_regenerate": true, "installation_id": 45, "workflow_id": "abc123",
            "execution_id": execution,
        });
        with(person("jane@example.com"), more)
    };
    known(&post(&house, "update", ask(7)).await, id, "Lead updated.");
    let now = shown(&house, id).await;
    assert_holds(
        &now,
        &json!({ "human_interaction": true, "execution_id": "7", "automation_status": "pending" }),
    );
    // The same execution again is a repeat; another one must not take its answer away.
    known(&post(&house, "update", ask(7)).await, id, "Lead updated.");
    let other = post(&house, "update", ask(8)).await;
    assert_eq!((other.status, refusal(&other, PATH).as_str()), (409, "in_review"));
    assert_eq!(other.json["id"], id);
    house.n8n.waits(7, "abc123", id);
    let decision = json!({ "entity_id": id, "entity_type": "lead" });
    let approved = house.acme.post("/automation/approve", decision.clone()).await;
    assert_eq!(approved.json["n8n_resumed"], true, "{approved:?}");
    // Settled: the next question may be asked.
    known(&post(&house, "update", ask(8)).await, id, "Lead updated.");
    assert_holds(&shown(&house, id).await, &json!({ "execution_id": "8", "automation_status": "pending" }));
    house.n8n.waits(8, "abc123", id);
    let denied = house.acme.post("/automation/deny", decision).await;
    assert_eq!(denied.json["n8n_resumed"], true, "{denied:?}");
    let steps: Vec<Value> = shown(&house, id).await["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["to"].clone())
        .collect();
    assert_eq!(steps, ["approved", "pending", "denied"]);
}

#[tokio::test]
async fn an_update_without_a_question_leaves_the_review_alone() {
    let house = samples::scene().await;
    let asked = json!({ "human_interaction": true, "installation_id": 45, "workflow_id": "abc123", "execution_id": 7 });
    let id = make(&house, with(person("jane@example.com"), asked)).await;
    let update = json!({ "phone": "2", "workflow_id": "other", "execution_id": 9 });
    known(&post(&house, "update", with(person("jane@example.com"), update)).await, id, "Lead updated.");
    let expected =
        json!({ "phone": "2", "execution_id": "7", "workflow_id": "abc123", "human_interaction": true });
    assert_holds(&shown(&house, id).await, &expected);
}
