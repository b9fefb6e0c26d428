use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::{
    domain::org::Group,
    ids::GroupId,
    store::{Key, Write, encode},
};

use super::{PATH, listed, make, person, shown, with};
use harness::{Answer, TestApp, assert_holds, named, refusal, samples};

/// Another client group of acme.
pub async fn another_group(house: &TestApp, id: u64) -> u64 {
    let group = Group::new(GroupId::from_u64(id).unwrap(), "Other".into(), house.app.now());
    let key = Key::of(house.acme.key.tenant, "group", group.id.sortable());
    house.app.store.write(Write::put(key, encode(&group).unwrap())).await.unwrap();
    id
}

async fn patch(house: &TestApp, id: u64, body: Value) -> Answer {
    house.acme.patch(&format!("{PATH}/{id}"), body).await
}

#[tokio::test]
async fn what_is_left_out_or_blank_stays() {
    let house = TestApp::new().await;
    let more = json!({ "phone": "1", "company_name": "Acme", "lead_score": 10, "budget_confirmed": true });
    let id = make(&house, with(person("jane@example.com"), more)).await;
    let mut expected = shown(&house, id).await;
    house.advance(Duration::from_secs(60));
    let sent = json!({ "phone": "", "first_name": "", "status": "  ", "lead_score": 0, "job_title": "CTO" });
    let answer = patch(&house, id, sent).await;
    let reply = json!({ "success": true, "id": id, "message": "Lead updated successfully." });
    assert_eq!((answer.status, &answer.json), (200, &reply));
    expected["lead_score"] = json!(0);
    expected["job_title"] = json!("CTO");
    expected["changed"] = json!(1_737_455_460);
    assert_eq!(shown(&house, id).await, expected);
    assert_eq!(patch(&house, id, json!({})).await.status, 200);
    assert_eq!(shown(&house, id).await, expected);
}

#[tokio::test]
async fn null_takes_away_what_a_lead_need_not_have() {
    let house = TestApp::new().await;
    let more = json!({ "phone": "1", "lead_source": "Fair", "lead_score": 10, "budget_confirmed": true });
    let id = make(&house, with(person("jane@example.com"), more)).await;
    let cleared = json!({
        "phone": null, "lead_source": null, "lead_score": null, "budget_confirmed": null, "first_name": null,
        "email": null, "status": null,
    });
    assert_eq!(patch(&house, id, cleared).await.status, 200);
    let expected = json!({
        "phone": null, "lead_source": null, "lead_score": null, "budget_confirmed": null, "first_name": "Jane",
        "email": "jane@example.com", "status": "New",
    });
    assert_holds(&shown(&house, id).await, &expected);
    assert_eq!(listed(&house, "?source=fair").await, [] as [u64; 0]);
}

#[tokio::test]
async fn every_field_can_be_changed() {
    let house = samples::scene().await;
    let mut change = samples::lead();
    change.as_object_mut().unwrap().extend(
        json!({
            "status": "Won", "linkedin_url": "https://linkedin.com/in/jane", "budget_confirmed": true,
            "human_interaction": true, "allow_regenerate": true, "automation_status": "denied",
        })
        .as_object()
        .unwrap()
        .clone(),
    );
    assert_eq!(patch(&house, 101, change.clone()).await.status, 200);
    assert_holds(&shown(&house, 101).await, &change);
}

#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let house = samples::scene().await;
    let before = shown(&house, 101).await;
    assert_eq!(patch(&house, 101, before.clone()).await.status, 200);
    assert_eq!(shown(&house, 101).await, before);
}

#[tokio::test]
async fn unknown_fields_are_named_and_nothing_changes() {
    let house = samples::scene().await;
    let before = shown(&house, 101).await;
    let answer = patch(&house, 101, json!({ "phone": "2", "favourite": 1, "lead_score": 101, "": 2 })).await;
    assert_eq!(named(&answer), ["", "favourite", "lead_score"]);
    assert_eq!(shown(&house, 101).await, before);
}

#[tokio::test]
async fn a_status_moves_the_lead_through_the_lists() {
    let house = samples::scene().await;
    for (sent, label) in [(json!("won"), "Won"), (json!("3"), "Qualified"), (json!(1), "New")] {
        assert_eq!(patch(&house, 102, json!({ "status": sent })).await.status, 200);
        assert_eq!(shown(&house, 102).await["status"], label);
        for other in ["New", "Qualified", "Won"] {
            for more in ["", "&source=website%20form"] {
                let ids = listed(&house, &format!("?status={other}{more}")).await;
                assert_eq!(ids.contains(&102), other == label, "{other} {label}");
            }
        }
    }
    assert_eq!(patch(&house, 102, json!({ "status_id": 6 })).await.status, 200);
    assert_eq!(shown(&house, 102).await["status"], "Won");
    assert_eq!(named(&patch(&house, 102, json!({ "status": "Open" })).await), ["status"]);
}

#[tokio::test]
async fn the_address_moves_and_is_nobody_elses() {
    let house = TestApp::new().await;
    let jane = make(&house, person("jane@example.com")).await;
    let joe = make(&house, person("joe@example.com")).await;
    let taken = patch(&house, joe, json!({ "email": "Jane@Example.com", "phone": "3" })).await;
    assert_eq!((taken.status, refusal(&taken, PATH).as_str()), (409, "email_taken"));
    assert_eq!(taken.json["id"], jane);
    assert_eq!(shown(&house, joe).await["phone"], Value::Null);
    // The same address in another spelling is no other address.
    assert_eq!(patch(&house, jane, json!({ "email": "JANE@example.com" })).await.status, 200);
    assert_eq!(shown(&house, jane).await["email"], "jane@example.com");
    assert_eq!(patch(&house, jane, json!({ "email": "jane@example.org" })).await.status, 200);
    assert_eq!(listed(&house, "?email=jane@example.com").await, [] as [u64; 0]);
    assert_eq!(listed(&house, "?email=jane@example.org").await, [jane]);
    assert_eq!(patch(&house, joe, json!({ "email": "jane@example.com" })).await.status, 200);
    assert_eq!(listed(&house, "?email=jane@example.com").await, [joe]);
}

#[tokio::test]
async fn a_lead_moves_to_another_group_with_all_it_is_found_by() {
    let house = TestApp::new().await;
    let other = another_group(&house, 77).await;
    let own = house.acme.key.group_id;
    let id = make(&house, person("jane@example.com")).await;
    assert_eq!(patch(&house, id, json!({ "group_id": other })).await.status, 200);
    for query in ["", "&status=New", "&search=jane", "&email=jane@example.com"] {
        assert_eq!(listed(&house, &format!("?group_id={own}{query}")).await, [] as [u64; 0], "{query}");
        assert_eq!(listed(&house, &format!("?group_id={other}{query}")).await, [id], "{query}");
    }
    make(&house, person("jane@example.com")).await;
    let back = patch(&house, id, json!({ "group_id": own })).await;
    assert_eq!((back.status, refusal(&back, PATH).as_str()), (409, "email_taken"));
    for group in [house.rival.key.group_id.get(), samples::NOWHERE] {
        let foreign = patch(&house, id, json!({ "group_id": group })).await;
        assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
    }
}

#[tokio::test]
async fn where_a_lead_comes_from_can_be_corrected() {
    let house = samples::scene().await;
    house.seed_installation(&house.rival, 46).await;
    let change = json!({ "installation_id": "45", "workflow_id": "wf2", "execution_id": 12 });
    assert_eq!(patch(&house, 101, change).await.status, 200);
    let expected = json!({ "installation_id": 45, "workflow_id": "wf2", "execution_id": "12" });
    assert_holds(&shown(&house, 101).await, &expected);
    for id in [46, samples::NOWHERE] {
        assert_eq!(patch(&house, 101, json!({ "installation_id": id })).await.status, 404);
    }
}

#[tokio::test]
async fn a_status_set_here_decides_nothing() {
    let house = samples::scene().await;
    let asked = json!({ "human_interaction": true, "installation_id": 45, "workflow_id": "abc123", "execution_id": 7 });
    let id = make(&house, with(person("jane@example.com"), asked)).await;
    house.n8n.waits(7, "abc123", id);
    assert_eq!(patch(&house, id, json!({ "automation_status": "approved" })).await.status, 200);
    assert_eq!(shown(&house, id).await["automation_status"], "approved");
    assert!(house.n8n.execution(7).unwrap().decisions.is_empty());
    let decided =
        house.acme.post("/automation/deny", json!({ "entity_id": id, "entity_type": "lead" })).await;
    assert_eq!(decided.json["n8n_resumed"], true, "{decided:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_different_fields_at_once_all_stay() {
    let house = samples::scene().await;
    let fields =
        ["phone", "company_name", "job_title", "website", "industry", "location", "timeline", "utm_source"];
    let answers = join_all(fields.map(|field| patch(&house, 101, json!({ field: field })))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let now = shown(&house, 101).await;
    for field in fields {
        assert_eq!(now[field], field);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_an_address() {
    let house = TestApp::new().await;
    let mut made = Vec::new();
    for n in 0..8 {
        made.push(make(&house, person(&format!("{n}@example.com"))).await);
    }
    let wanted = json!({ "email": "wanted@example.com" });
    let answers = join_all(made.iter().map(|id| patch(&house, *id, wanted.clone()))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(listed(&house, "?email=wanted@example.com").await.len(), 1);
}
