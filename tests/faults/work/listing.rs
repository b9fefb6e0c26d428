//! Learning an n8n's workflows when it is registered.

use std::time::Duration;

use harness::{N8N, TestApp, work_on};
use serde_json::{Value, json};
use shared::work::Handled;
use standins::dump;

async fn installed(house: &TestApp, installation: u64) -> Value {
    let answer = house.acme.get(&format!("/api/installed/{installation}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

#[tokio::test]
async fn workflows_are_listed_at_registration() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    let installation = house.register(&house.acme).await;
    let shown = installed(&house, installation).await;
    assert_eq!((&shown["workflow_ids"], &shown["listing_error"]), (&json!(["wf1"]), &Value::Null));
    assert_eq!(shown["workflows"][0]["name"], "Monthly report");
    house.advance(Duration::from_secs(3600));
    assert_eq!(house.sweep().await.due, 0);
    let body = json!({ "endpoint": format!("{N8N}/webhook/report") });
    let triggered = house.acme.post("/api/trigger-webhook", body).await;
    assert_eq!(triggered.json["nid"], shown["workflows"][0]["nid"], "{triggered:?}");
}

#[tokio::test]
async fn an_n8n_that_is_down_is_listed_when_it_is_back() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    house.n8n.set_down(true);
    let installation = house.register(&house.acme).await;
    house.live(Duration::from_secs(60)).await;
    let shown = installed(&house, installation).await;
    assert_eq!(shown["count"], 0);
    assert!(shown["listing_error"].as_str().unwrap().contains("cannot be reached"), "{shown}");
    house.n8n.set_down(false);
    house.live(Duration::from_secs(120)).await;
    let shown = installed(&house, installation).await;
    assert_eq!((&shown["workflow_ids"], &shown["listing_error"]), (&json!(["wf1"]), &Value::Null));
}

#[tokio::test]
async fn an_n8n_that_errs_is_listed_later() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    house.n8n.answer_api(Some((503, "starting")));
    let installation = house.register(&house.acme).await;
    assert!(installed(&house, installation).await["listing_error"].as_str().unwrap().contains("503"));
    house.n8n.answer_api(None);
    house.live(Duration::from_secs(30)).await;
    assert_eq!(installed(&house, installation).await["workflow_ids"], json!(["wf1"]));
}

#[tokio::test]
async fn a_refused_key_ends_the_listing_and_says_why() {
    for (answer, why) in [
        (Some((401, r#"{"message":"Unauthorized"}"#)), "API key"),
        (Some((403, r#"{"message":"Forbidden"}"#)), "API key"),
        (Some((200, "<html>Sign in</html>")), "not n8n's API"),
        (Some((404, "<html>Cannot GET</html>")), "not n8n's API"),
    ] {
        let house = TestApp::new().await;
        house.n8n.answer_api(answer);
        let installation = house.register(&house.acme).await;
        let shown = installed(&house, installation).await;
        assert!(shown["listing_error"].as_str().unwrap().contains(why), "{shown}");
        let before = house.network.sent().len();
        house.advance(Duration::from_secs(24 * 3600));
        assert_eq!((house.tick().await.due, house.sweep().await.due), (0, 0));
        assert_eq!(house.network.sent().len(), before);
    }
}

#[tokio::test]
async fn another_registration_lists_again() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    house.n8n.refuse_key(true);
    let installation = house.register(&house.acme).await;
    assert_eq!(installed(&house, installation).await["count"], 0);
    house.n8n.refuse_key(false);
    assert_eq!(house.register(&house.acme).await, installation);
    let shown = installed(&house, installation).await;
    assert_eq!((&shown["workflow_ids"], &shown["listing_error"]), (&json!(["wf1"]), &Value::Null));
}

#[tokio::test]
async fn of_two_registrations_at_once_both_name_one_installation() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    let (one, two) = tokio::join!(house.register(&house.acme), house.register(&house.acme));
    assert_eq!(one, two);
    house.live(Duration::from_secs(60)).await;
    assert_eq!(installed(&house, one).await["workflow_ids"], json!(["wf1"]));
}

#[tokio::test]
async fn one_message_that_arrives_twice_at_once_lists_once() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    house.n8n.set_down(true);
    let installation = house.register(&house.acme).await;
    let message = dump::messages(&house.file).await.unwrap().remove(0);
    house.n8n.set_down(false);
    house.advance(Duration::from_secs(60));
    let before = listings(&house);
    let twice = tokio::join!(work_on(&house.app, &message), work_on(&house.app, &message));
    assert_eq!(twice, (Handled::Done, Handled::Done));
    assert_eq!(listings(&house) - before, 1);
    assert_eq!(installed(&house, installation).await["workflow_ids"], json!(["wf1"]));
}

/// A workflow whose webhook node has this path, and what else.
fn webhook(id: &str, path: &str, node: Value) -> Value {
    let mut all = json!({
        "type": "n8n-nodes-base.webhook", "name": "Webhook", "parameters": { "path": path, "httpMethod": "POST" },
    });
    all.as_object_mut().unwrap().extend(node.as_object().unwrap().clone());
    json!({ "id": id, "name": id, "active": true, "nodes": [all] })
}

async fn trigger(house: &TestApp, path: &str) -> Value {
    let answer =
        house.acme.post("/api/trigger-webhook", json!({ "endpoint": format!("{N8N}/{path}") })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

fn listings(house: &TestApp) -> usize {
    house.network.sent_to("/api/v1/workflows").len()
}

#[tokio::test]
async fn a_workflow_that_was_made_since_is_found_with_its_first_trigger() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    let triggered = trigger(&house, "webhook/report").await;
    assert_eq!(
        (&triggered["workflow_id"], &triggered["following"]),
        (&json!("wf1"), &json!(true)),
        "{triggered}"
    );
    let shown = installed(&house, installation).await;
    assert_eq!((&shown["workflows"][0]["nid"], &shown["count"]), (&triggered["nid"], &json!(1)));
    // It is followed from its first trigger on.
    house.n8n.runs(9, "wf1", house.app.now().0 + 20);
    house.n8n.set_status(9, "success");
    house.live(Duration::from_secs(5)).await;
    let body = json!({ "nid": triggered["nid"], "triggered_after": triggered["triggered_at"] });
    let polled = house.acme.post("/api/poll-execution", body).await;
    assert_eq!((&polled.json["status"], &polled.json["execution_id"]), (&json!("success"), &json!("9")));
}

#[tokio::test]
async fn a_webhook_that_was_renamed_is_found_under_its_new_path() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    let installation = house.register(&house.acme).await;
    house.n8n.delete_workflows();
    house.n8n.add_workflow("wf1", "Weekly report", "weekly");
    assert_eq!(trigger(&house, "webhook/weekly").await["workflow_id"], "wf1");
    assert_eq!(installed(&house, installation).await["workflows"][0]["name"], "Weekly report");
}

#[tokio::test]
async fn misses_ask_for_a_listing_once_a_minute_whoever_misses() {
    let mut house = TestApp::new().await;
    house.register(&house.acme).await;
    let before = listings(&house);
    for _ in 0..5 {
        assert_eq!(trigger(&house, "webhook/nobodys").await["nid"], Value::Null);
        house.restart();
    }
    assert_eq!(listings(&house), before + 1);
    house.advance(Duration::from_secs(59));
    trigger(&house, "webhook/another").await;
    assert_eq!(listings(&house), before + 1);
    house.advance(Duration::from_secs(1));
    house.n8n.add_workflow("wf1", "Report", "another");
    assert_eq!(trigger(&house, "webhook/another").await["workflow_id"], "wf1");
    assert_eq!(listings(&house), before + 2);
    // What is known is not missed, and a path that is no webhook's is not looked for.
    house.advance(Duration::from_secs(61));
    trigger(&house, "webhook/another").await;
    trigger(&house, "webhook/").await;
    assert_eq!(listings(&house), before + 2);
}

#[tokio::test]
async fn a_trigger_does_not_wait_for_a_slow_list_which_is_read_in_the_background() {
    let house = TestApp::new().await;
    house.register(&house.acme).await;
    house.n8n.add_workflow("wf1", "Report", "report");
    house.n8n.slow(&house.clock, Duration::from_secs(6), Duration::from_secs(1));
    let begun = house.app.now();
    assert_eq!(trigger(&house, "webhook/report").await["workflow_id"], Value::Null);
    // The fake's clock counts the webhook's answer and the list's, which are waited for side by side.
    assert!(house.app.now().since(begun) <= Duration::from_secs(10), "{:?}", house.app.now().since(begun));
    house.live(Duration::from_secs(20)).await;
    assert_eq!(trigger(&house, "webhook/report").await["workflow_id"], "wf1");
}

#[tokio::test]
async fn webhooks_are_found_however_n8n_makes_their_addresses() {
    let hook = "11111111-2222-4333-8444-555555555555";
    let own_id = json!({ "webhookId": hook });
    for (path, node, called) in [
        ("user/:id", own_id.clone(), format!("webhook/{hook}/user/5")),
        ("user/:id/orders/:order", own_id.clone(), format!("webhook-test/{hook}/user/5/orders/a%20b?x=1")),
        (":id", own_id.clone(), format!("webhook/{hook}/5")),
        ("", own_id.clone(), format!("webhook/{hook}")),
        ("/report/", own_id.clone(), "webhook/report".into()),
        ("täglich", own_id.clone(), "webhook/t%C3%A4glich/".into()),
        ("report", json!({}), "webhook/report?token=1".into()),
        ("user/:id", json!({}), "webhook/wf1/webhook/user/5".into()),
        (
            "x",
            json!({ "webhookId": hook, "type": "@n8n/n8n-nodes-langchain.chatTrigger" }),
            format!("webhook/{hook}/chat"),
        ),
    ] {
        for listed_before in [true, false] {
            let house = TestApp::new().await;
            let row = webhook("wf1", path, node.clone());
            if listed_before {
                house.n8n.add_workflow_row(row.clone());
                house.register(&house.acme).await;
            } else {
                house.register(&house.acme).await;
                house.n8n.add_workflow_row(row);
            }
            let triggered = trigger(&house, &called).await;
            assert_eq!(triggered["workflow_id"], "wf1", "{path} {called}: {triggered}");
            let sent = house.network.sent_to("/webhook").pop().unwrap();
            assert_eq!(sent.url.as_str(), format!("{N8N}/{called}"), "it is called as it stands");
        }
    }
}

#[tokio::test]
async fn patterns_that_do_not_fit_are_nobodys() {
    let house = TestApp::new().await;
    house.n8n.add_workflow_row(webhook("wf1", "user/:id", json!({ "webhookId": "hook-1" })));
    house.register(&house.acme).await;
    for path in ["hook-1/user", "hook-1/user/5/6", "hook-1/group/5", "hook-2/user/5", "user/5"] {
        assert_eq!(trigger(&house, &format!("webhook/{path}")).await["workflow_id"], Value::Null, "{path}");
    }
}

#[tokio::test]
async fn of_workflows_that_share_a_path_the_one_that_is_called_counts() {
    let copy = |id: &str, active: bool, method: Value| {
        let mut row = webhook(id, "report", json!({}));
        row["active"] = json!(active);
        row["nodes"][0]["parameters"]["httpMethod"] = method;
        row
    };
    let (post, get) = (json!("POST"), json!("GET"));
    for rows in [
        vec![copy("wf1", true, post.clone()), copy("old", false, post.clone())],
        vec![copy("old", false, post.clone()), copy("wf1", true, post.clone())],
        vec![copy("wf1", true, post.clone()), copy("reads", true, get.clone())],
        vec![copy("reads", true, get), copy("wf1", true, json!(["GET", "POST"]))],
    ] {
        let house = TestApp::new().await;
        rows.into_iter().for_each(|row| house.n8n.add_workflow_row(row));
        house.register(&house.acme).await;
        assert_eq!(trigger(&house, "webhook/report").await["workflow_id"], "wf1");
    }
}

#[tokio::test]
async fn an_early_n8n_is_listed_and_followed() {
    let house = TestApp::new().await;
    house.n8n.be_early();
    house.n8n.add_workflow("wf1", "Report", "report");
    let installation = house.register(&house.acme).await;
    assert_eq!(installed(&house, installation).await["workflow_ids"], json!(["wf1"]));
    for (word, status) in [("success", "success"), ("error", "error")] {
        let triggered = trigger(&house, "webhook/report").await;
        house.advance(Duration::from_secs(1));
        let id = if word == "success" { 9 } else { 10 };
        house.n8n.runs(id, "wf1", house.app.now().0);
        house.n8n.set_status(id, word);
        house.live(Duration::from_secs(6)).await;
        let body = json!({ "nid": triggered["nid"], "triggered_after": triggered["triggered_at"] });
        let polled = house.acme.post("/api/poll-execution", body).await.json;
        assert_eq!((&polled["status"], &polled["is_complete"]), (&json!(status), &json!(true)), "{polled}");
        assert_eq!(polled["execution_id"], id.to_string());
    }
}

#[tokio::test]
async fn pinned_data_hides_no_workflow() {
    for early in [false, true] {
        let house = TestApp::new().await;
        for n in 0..120 {
            house.n8n.add_workflow(&format!("wf{n}"), "Report", &format!("hook{n}"));
        }
        // Twice as much as a page may have, in pages of fifty.
        house.n8n.pin(700 * 1024);
        if early {
            house.n8n.be_early();
        }
        let installation = house.register(&house.acme).await;
        let shown = installed(&house, installation).await;
        assert_eq!((&shown["count"], &shown["listing_error"]), (&json!(120), &Value::Null), "early: {early}");
    }
}

#[tokio::test]
async fn a_list_that_takes_six_seconds_a_page_is_read() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("wf1", "Report", "report");
    house.n8n.slow(&house.clock, Duration::from_secs(6), Duration::from_secs(1));
    let begun = house.app.now();
    let body = json!({ "instance_id": "slow", "host": N8N, "api_key": "n8n-api-key-here", "title": "Slow" });
    let registered = house.acme.post("/api/installs/register", body).await;
    assert_eq!((registered.status, &registered.json["n8n_api"]["ok"]), (201, &Value::Null), "{registered:?}");
    assert!(registered.json["n8n_api"]["error"].as_str().unwrap().contains("2 seconds"), "{registered:?}");
    assert!(house.app.now().since(begun) <= Duration::from_secs(2));
    house.live(Duration::from_secs(20)).await;
    let installation = registered.json["installation_id"].as_u64().unwrap();
    assert_eq!(installed(&house, installation).await["workflow_ids"], json!(["wf1"]));
}

#[tokio::test]
async fn a_workflow_that_was_imported_anew_under_its_old_path_is_followed() {
    let house = TestApp::new().await;
    house.n8n.add_workflow("old", "Report", "report");
    house.register(&house.acme).await;
    house.n8n.delete_workflows();
    house.n8n.add_workflow("new", "Report", "report");
    let triggered = trigger(&house, "webhook/report").await;
    assert_eq!(triggered["workflow_id"], "old", "nobody knows yet");
    house.n8n.runs(9, "new", house.app.now().0 + 20);
    house.n8n.set_status(9, "success");
    house.live(Duration::from_secs(30)).await;
    let body = json!({ "nid": triggered["nid"], "triggered_after": triggered["triggered_at"] });
    let polled = house.acme.post("/api/poll-execution", body).await.json;
    assert_eq!((&polled["status"], &polled["is_complete"]), (&json!("success"), &json!(true)), "{polled}");
    assert_eq!(trigger(&house, "webhook/report").await["workflow_id"], "new");
}
