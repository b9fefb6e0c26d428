//! What becomes of a decision when n8n does not show the execution, or shows it at a node that no decision ends.

use std::time::Duration;

use serde_json::json;
use shared::egress::OutError;
use standins::{Order, dump};

use harness::TestApp;
use harness::parked::{EXECUTION, RESUME_URL, asked, calls, decide, parked, resume_of, told};

const SECOND: Duration = Duration::from_secs(1);

async fn why(house: &TestApp, entity: u64) -> String {
    resume_of(house, entity).await["last_error"].as_str().unwrap_or_default().to_owned()
}

/// Ways in which the data of an execution is not to be had.
fn hidden() -> [Result<(u16, &'static str), OutError>; 3] {
    [
        Ok((500, r#"{"message":"Something went wrong"}"#)),
        Ok((404, r#"{"message":"Not Found"}"#)),
        Err(OutError::ReplyTooLarge { status: 200 }),
    ]
}

#[tokio::test]
async fn the_only_review_of_an_execution_is_told_without_its_data() {
    for answer in hidden() {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        house.n8n.hide_data(Some(answer.clone()));
        let before = house.network.sent().len();
        let decided = decide(&house, "approve", entity).await;
        assert_eq!(decided.json["n8n_resumed"], true, "{answer:?} {decided:?}");
        assert_eq!(told(&house).len(), 1);
        let last = calls(&house, before).pop().unwrap();
        assert_eq!(last, "POST /webhook-waiting/7?signature=token-7");
    }
}

#[tokio::test]
async fn without_its_data_an_execution_still_tells_that_it_runs_or_is_over() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.hide_data(Some(Ok((500, r#"{"message":"boom"}"#))));
    house.n8n.set_status(EXECUTION, "running");
    assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending");
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 0);
    house.n8n.set_status(EXECUTION, "error");
    house.live(5 * SECOND).await;
    assert_eq!(resume_of(&house, entity).await["state"], "finished");
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 0);
}

/// With the key gone, a late decision on one must not open the Wait of another.
#[tokio::test]
async fn without_a_look_a_decision_whose_address_others_share_waits_and_says_why() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    house.n8n.refuse_key(true);
    let decided = decide(&house, "approve", made[0]).await;
    assert_eq!(
        (decided.status, decided.json["resume_state"].as_str()),
        (200, Some("pending")),
        "{decided:?}"
    );
    house.live(20 * SECOND).await;
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 0);
    let said = why(&house, made[0]).await;
    assert!(said.contains("n8n refuses the API key") && said.contains("Another review"), "{said}");
    house.n8n.refuse_key(false);
    house.live(60 * SECOND).await;
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn without_a_look_a_suffix_of_its_own_is_enough() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, true).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Row { suffixes: true });
    house.n8n.refuse_key(true);
    let early = decide(&house, "deny", made[1]).await;
    assert_eq!(early.json["resume_state"], "pending", "its Wait has not come: {early:?}");
    assert_eq!(decide(&house, "approve", made[0]).await.json["n8n_resumed"], true);
    house.live(5 * SECOND).await;
    let told: Vec<_> = told(&house).iter().map(|told| told["entity_id"].as_u64().unwrap()).collect();
    assert_eq!(told, made);
    let paths: Vec<_> =
        house.network.sent_to("/webhook-waiting/").iter().map(|sent| sent.url.path().to_owned()).collect();
    assert!(paths.iter().all(|path| path.contains("/for-")), "no address that others have: {paths:?}");
}

#[tokio::test]
async fn once_the_others_are_told_the_last_one_needs_no_look() {
    let house = TestApp::new().await;
    let made = asked(&house, 2, false).await;
    house.n8n.waits_for(EXECUTION, "wf1", &made, Order::Loop(made.clone()));
    assert_eq!(decide(&house, "approve", made[0]).await.json["n8n_resumed"], true);
    house.n8n.refuse_key(true);
    assert_eq!(decide(&house, "approve", made[1]).await.json["n8n_resumed"], true);
}

/// n8n that starts, and a proxy without a backend, answer with pages.
#[tokio::test]
async fn what_is_not_n8ns_own_answer_is_try_later_even_after_a_lost_answer() {
    for page in [
        (404, "<html>Cannot GET /api/v1</html>"),
        (502, "<html>Bad gateway</html>"),
        (403, "<html>no</html>"),
    ] {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        house.n8n.answer_next_resume(Err(OutError::Timeout));
        assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending");
        house.n8n.answer_api(Some(page));
        house.live(100 * SECOND).await;
        assert_eq!(
            resume_of(&house, entity).await["state"],
            "pending",
            "{page:?}: {}",
            why(&house, entity).await
        );
        assert_eq!(told(&house).len(), 0);
        house.n8n.answer_api(None);
        house.live(300 * SECOND).await;
        assert_eq!(
            (told(&house).len(), resume_of(&house, entity).await["state"].as_str()),
            (1, Some("resumed"))
        );
    }
}

#[tokio::test]
async fn an_execution_that_is_gone_after_it_was_shown_had_taken_the_decision() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.lose_next_answer();
    let n8n = house.n8n.clone();
    house.faults.meanwhile("/webhook-waiting/", async move { n8n.delete(EXECUTION) });
    decide(&house, "approve", entity).await;
    house.live(40 * SECOND).await;
    assert_eq!(resume_of(&house, entity).await["state"], "resumed", "n8n keeps no successful executions");
}

#[tokio::test]
async fn a_form_is_not_resumed_by_a_decision_and_says_so_at_once() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.waits_at("n8n-nodes-base.wait", json!({ "resume": "form" }));
    let before = house.app.now();
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(decided.json["resume_state"], "failed", "{decided:?}");
    assert!(why(&house, entity).await.contains("cannot be resumed by a decision"));
    assert_eq!(house.app.now(), before, "nobody waits for what does not come");
    house.n8n.waits_at("n8n-nodes-base.wait", json!({ "resume": "webhook", "httpMethod": "POST" }));
    let again = decide(&house, "approve", entity).await;
    assert_eq!(
        again.json["n8n_resumed"], true,
        "it can be sent again once the workflow was mended: {again:?}"
    );
}

#[tokio::test]
async fn a_wait_in_a_sub_workflow_is_named_for_what_it_is() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.waits_at("n8n-nodes-base.executeWorkflow", json!({}));
    let before = house.app.now();
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
    assert!(why(&house, entity).await.contains("sub-workflow"), "{}", why(&house, entity).await);
    assert_eq!(house.app.now(), before);
}

#[tokio::test]
async fn a_wait_that_asks_for_a_header_gets_the_one_that_came_with_the_review() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    house.n8n.ask_for_header("x-wait-key", "s3cret-of-the-wait");
    let body = json!({
        "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": EXECUTION,
        "resume_url": RESUME_URL, "resume_headers": { "X-Wait-Key": "s3cret-of-the-wait" },
    });
    let made = house.acme.post("/automation/payload/create", body.clone()).await;
    house.n8n.waits(EXECUTION, "wf1", made.id());
    let decided = decide(&house, "approve", made.id()).await;
    assert_eq!(decided.json["n8n_resumed"], true, "{decided:?}");
    let shown = house.acme.get(&format!("/api/payloads/{}", made.id())).await;
    assert!(!shown.text.contains("s3cret-of-the-wait") && !made.text.contains("s3cret"), "{shown:?}");
    let stored = format!("{:?}", dump::items(&house.file).await.unwrap());
    assert!(stored.contains("sealed_resume_headers") && !stored.contains("s3cret-of-the-wait"));
}

#[tokio::test]
async fn a_wait_that_asks_for_a_header_that_nobody_sent_says_what_to_do() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    let parameters =
        json!({ "resume": "webhook", "httpMethod": "POST", "incomingAuthentication": "headerAuth" });
    house.n8n.waits_at("n8n-nodes-base.wait", parameters);
    house.n8n.ask_for_header("x-wait-key", "s3cret");
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(decided.json["resume_state"], "failed", "{decided:?}");
    let said = why(&house, entity).await;
    assert!(said.contains("Header Auth") && said.contains("resume_headers"), "{said}");
}

/// n8n takes 7 s to show 40 MB, and a Wait that answers when its workflow is done takes as long as that.
#[tokio::test]
async fn a_reviewer_waits_no_second_for_a_slow_n8n_and_the_worker_goes_on() {
    for (api, waits) in [(7 * SECOND, Duration::ZERO), (Duration::ZERO, 3 * SECOND), (7 * SECOND, 3 * SECOND)]
    {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        house.n8n.slow(&house.clock, api, waits);
        let before = house.app.now();
        let decided = decide(&house, "approve", entity).await;
        assert_eq!(
            (decided.status, decided.json["resume_state"].as_str()),
            (200, Some("pending")),
            "{decided:?}"
        );
        assert!(house.app.now().since(before) < SECOND, "{:?}", house.app.now().since(before));
        house.live(12 * SECOND).await;
        assert_eq!(resume_of(&house, entity).await["state"], "resumed", "{}", why(&house, entity).await);
        assert_eq!(told(&house).len(), 1);
    }
}

/// Reviews that no node of the execution made, and that came without an address: n8n shows where it stands, not for whom.
async fn made_elsewhere(house: &TestApp, count: usize) -> Vec<u64> {
    let installation = house.register(&house.acme).await;
    house.n8n.waits(EXECUTION, "wf1", 1);
    house.advance(3600 * SECOND);
    let mut made = Vec::new();
    for number in 0..count {
        let body = json!({
            "title": format!("Report {number}"), "installation_id": installation, "workflow_id": "wf1",
            "execution_id": EXECUTION,
        });
        made.push(house.acme.post("/automation/payload/create", body).await.id());
    }
    made
}

#[tokio::test]
async fn the_only_review_of_an_execution_goes_to_the_address_that_n8n_shows_wherever_it_was_made() {
    let house = TestApp::new().await;
    let made = made_elsewhere(&house, 1).await;
    let before = house.network.sent().len();
    let decided = decide(&house, "approve", made[0]).await;
    assert_eq!(decided.json["n8n_resumed"], true, "{decided:?} {}", why(&house, made[0]).await);
    let expected = ["GET /api/v1/executions/7?includeData=true", "POST /webhook-waiting/7?signature=token-7"];
    assert_eq!(calls(&house, before), expected);
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn of_two_reviews_that_were_made_elsewhere_none_is_sent() {
    let house = TestApp::new().await;
    let made = made_elsewhere(&house, 2).await;
    assert_eq!(decide(&house, "approve", made[0]).await.json["resume_state"], "pending");
    house.live(60 * SECOND).await;
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 0);
    assert!(why(&house, made[0]).await.contains("Another review"), "{}", why(&house, made[0]).await);
}

#[tokio::test]
async fn a_review_that_was_made_elsewhere_is_sent_again_only_if_its_wait_stands_as_before() {
    let house = TestApp::new().await;
    let made = made_elsewhere(&house, 1).await;
    for _ in 0..2 {
        house.n8n.answer_next_resume(Ok((200, "<!DOCTYPE html><html><title>Sign in</title></html>")));
    }
    assert_eq!(decide(&house, "approve", made[0]).await.json["resume_state"], "pending");
    house.live(5 * SECOND).await;
    assert_eq!(told(&house).len(), 1);
    assert_eq!(resume_of(&house, made[0]).await["state"], "resumed");

    let house = TestApp::new().await;
    let made = made_elsewhere(&house, 1).await;
    house.n8n.spoil_next_answer(404, "<html>Not found</html>");
    let n8n = house.n8n.clone();
    house.faults.meanwhile("/webhook-waiting/", async move { n8n.goes_on_to(EXECUTION, 2) });
    assert_eq!(decide(&house, "approve", made[0]).await.json["n8n_resumed"], true);
    house.live(60 * SECOND).await;
    assert_eq!(
        house.network.sent_to("/webhook-waiting/").len(),
        1,
        "the next round of the Wait is another's"
    );
}
