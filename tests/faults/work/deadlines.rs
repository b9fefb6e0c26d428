//! Leases and their ends: whoever has claimed something stops in time, and sends nothing under a claim that is another's.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use shared::{clock::Clock, domain::resume::ATTEMPT, egress::OutError, ids::PayloadId, store, work::Handled};
use standins::{Plan, dump};

use harness::parked::{EXECUTION, RESUME_URL, calls, decide, parked, resume_of, told};
use harness::{N8N, TestApp, samples, work_on};

const SECOND: Duration = Duration::from_secs(1);
const RUNNING: &str = r#"{"message":"The execution \"7\" is running already."}"#;

/// Watches the claims on a debt and the calls to n8n. Returns when each call ended after the claim before it.
fn watch(house: &TestApp) -> Arc<Mutex<Vec<(Duration, String)>>> {
    let (clock, seen) = (house.clock.clone(), Arc::new(Mutex::new(Vec::new())));
    let (kept, begun) = (seen.clone(), Mutex::new(clock.now()));
    let under_way = Mutex::new(String::new());
    house.faults.set(Plan::Watch(Box::new(move |call| {
        let since = clock.now().since(*begun.lock().unwrap());
        // A call is over when the next one is made.
        let before = std::mem::replace(&mut *under_way.lock().unwrap(), call.to_owned());
        if before.starts_with("http.send") {
            kept.lock().unwrap().push((since, before));
        }
        if call.starts_with("store.transact") || call.starts_with("store.write") {
            *begun.lock().unwrap() = clock.now();
        }
    })));
    seen
}

#[tokio::test]
async fn an_attempt_at_a_slow_n8n_ends_within_its_lease() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.slow(&house.clock, Duration::from_millis(4400), 7 * SECOND);
    // As many as it takes to outlive any lease.
    for _ in 0..12 {
        house.n8n.answer_next_resume(Ok((409, RUNNING)));
    }
    let seen = watch(&house);
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(
        (decided.status, decided.json["resume_state"].as_str()),
        (200, Some("pending")),
        "{decided:?}"
    );
    house.live(600 * SECOND).await;
    let seen = seen.lock().unwrap().clone();
    assert!(seen.len() > 10, "{seen:?}");
    let late: Vec<_> = seen.iter().filter(|(since, _)| *since > ATTEMPT).collect();
    assert!(late.is_empty(), "calls that ended when others may have claimed the debt: {late:?}");
    house.live(1200 * SECOND).await;
    assert_eq!((told(&house).len(), resume_of(&house, entity).await["state"].as_str()), (1, Some("resumed")));
}

#[tokio::test]
async fn an_attempt_whose_claim_was_taken_over_sends_nothing_and_stores_nothing() {
    let house = Arc::new(TestApp::new().await);
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.set_down(true);
    assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending");
    let message = dump::messages(&house.file).await.unwrap().remove(0);
    house.n8n.set_down(false);
    house.advance(SECOND);
    house.n8n.answer_next_resume(Ok((409, RUNNING)));
    // The machine sleeps while n8n's answer is on its way; another one recovers the debt, and the execution goes on.
    let other = house.clone();
    house.faults.meanwhile("/webhook-waiting/", async move {
        other.advance(71 * SECOND);
        Box::pin(other.tick()).await;
        Box::pin(other.drain()).await;
        other.n8n.goes_on_to(EXECUTION, entity + 1);
    });
    let before = house.network.sent().len();
    assert_eq!(work_on(&house.app, &message).await, Handled::Done);
    let sent = calls(&house, before);
    assert_eq!(sent.iter().filter(|call| call.starts_with("POST")).count(), 2, "one of each: {sent:?}");
    assert_eq!(
        sent.last().unwrap(),
        "POST /webhook-waiting/7?signature=token-7",
        "the first one went on: {sent:?}"
    );
    assert_eq!((told(&house).len(), resume_of(&house, entity).await["state"].as_str()), (1, Some("resumed")));
}

#[tokio::test]
async fn before_a_send_that_comes_late_the_claim_is_read_again() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.slow(&house.clock, 3 * SECOND, Duration::ZERO);
    // Somebody whose clock is wrong claims the debt while this attempt looks.
    let (app, tenant) = (house.app.clone(), house.acme.key.tenant);
    house.faults.meanwhile("/api/v1/executions/", async move {
        let payloads = app.repos(tenant).payloads();
        let before = payloads.get(PayloadId::from_u64(entity).unwrap()).await.unwrap().unwrap();
        let mut stolen = before.clone();
        let resume = stolen.subject.review.resume.as_mut().unwrap();
        resume.attempts += 1;
        resume.attempt_until = Some(app.now().plus(ATTEMPT));
        stolen.subject.v += 1;
        store::apply(&*app.store, payloads.replace(&before, &stolen).unwrap()).await.unwrap();
    });
    let decided = decide(&house, "approve", entity).await;
    assert_eq!(
        (decided.status, decided.json["resume_state"].as_str()),
        (200, Some("pending")),
        "{decided:?}"
    );
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 0, "the debt is another's");
    house.live(100 * SECOND).await;
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn a_decision_without_an_answer_is_not_repeated_while_n8n_may_have_it_in_hand() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.answer_next_resume(Err(OutError::Timeout));
    assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending");
    house.live(29 * SECOND).await;
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 1);
    house.live(5 * SECOND).await;
    assert_eq!((told(&house).len(), resume_of(&house, entity).await["state"].as_str()), (1, Some("resumed")));
}

#[tokio::test]
async fn a_2xx_that_is_not_n8ns_is_looked_into() {
    for body in ["", "accepted", r#"{"ok":true}"#, "<html>Sign in</html>"] {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        for _ in 0..3 {
            house.n8n.answer_next_resume(Ok((200, body)));
        }
        let before = house.network.sent().len();
        assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "pending", "{body}");
        let sent = calls(&house, before);
        let posts = sent.iter().filter(|call| call.starts_with("POST")).count();
        let looks = sent.iter().filter(|call| call.starts_with("GET")).count();
        assert!(looks >= posts, "sent again without a look: {sent:?}");
        house.live(5 * SECOND).await;
        assert_eq!(
            (told(&house).len(), resume_of(&house, entity).await["state"].as_str()),
            (1, Some("resumed"))
        );
    }
}

#[tokio::test]
async fn a_workflow_that_answers_in_its_own_words_has_taken_the_decision() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.answer_next_resume(Ok((200, r#"{"thanks":true}"#)));
    let n8n = house.n8n.clone();
    house.faults.meanwhile("/webhook-waiting/", async move { n8n.set_status(EXECUTION, "success") });
    assert_eq!(decide(&house, "approve", entity).await.json["resume_state"], "resumed");
    house.live(60 * SECOND).await;
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 1);
}

async fn listed(house: &TestApp, installation: u64) -> Value {
    house.acme.get(&format!("/api/installed/{installation}")).await.json
}

#[tokio::test]
async fn a_list_without_an_end_is_read_as_far_as_its_share() {
    for (bytes, round, pages, why) in [
        (1 << 20, usize::MAX, 128, "it is too long"),
        (10, usize::MAX, 200, "it has too many pages"),
        (10, 3, 4, "it leads back"),
    ] {
        let house = TestApp::new().await;
        house.n8n.list_for_ever(bytes, round);
        let installation = house.register(&house.acme).await;
        // The registration has asked for one.
        let sent = house.network.sent_to("/api/v1/workflows").len() - 1;
        assert!((pages - 1..=pages + 1).contains(&sent), "{sent} pages of {bytes} bytes");
        let shown = listed(&house, installation).await;
        assert!(
            shown["listing_error"].as_str().is_some_and(|said| said.contains(why)),
            "{}",
            shown["listing_error"]
        );
        house.live(200 * SECOND).await;
        assert_eq!(house.network.sent_to("/api/v1/workflows").len(), sent + 1, "it is not owed any more");
    }
}

#[tokio::test]
async fn a_list_that_trickles_ends_with_its_time() {
    let house = TestApp::new().await;
    house.n8n.list_for_ever(10, usize::MAX);
    house.n8n.slow(&house.clock, 4 * SECOND, SECOND);
    let begun = house.app.now();
    let registered = house
        .acme
        .post("/api/installs/register", samples::with(samples::registration(), "host", json!(N8N)))
        .await;
    let installation = registered.json["installation_id"].as_u64().unwrap();
    assert!(
        house.app.now().since(begun) <= 2 * SECOND,
        "the registration waits {:?}",
        house.app.now().since(begun)
    );
    let message = dump::messages(&house.file).await.unwrap().remove(0);
    let begun = house.app.now();
    work_on(&house.app, &message).await;
    let took = house.app.now().since(begun);
    assert!(took > 60 * SECOND && took <= 90 * SECOND, "{took:?}");
    let shown = listed(&house, installation).await;
    assert!(shown["listing_error"].as_str().is_some_and(|said| said.contains("time")), "{shown}");
}

#[tokio::test]
async fn a_credential_is_not_sent_after_its_claim_is_over() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let body = json!({ "installation_id": installation });
    house.n8n.lose_next_answer();
    assert_eq!(
        house.acme.post("/api/n8n/nodes/payload", body.clone()).await.json["credential"]["state"],
        "by_hand"
    );
    // The next one looks for what was lost: page after page, each slow.
    house.n8n.slow(&house.clock, 4900 * Duration::from_millis(1), SECOND);
    for _ in 0..2 {
        let begun = house.app.now();
        let answer = house.acme.post("/api/n8n/nodes/payload", body.clone()).await;
        assert!(answer.status < 300, "{answer:?}");
        let took = house.app.now().since(begun);
        assert!(took < 35 * SECOND, "a claim lasts 35 s, and n8n was called for {took:?}");
    }
    assert!(house.n8n.credentials().len() <= 1);
}
