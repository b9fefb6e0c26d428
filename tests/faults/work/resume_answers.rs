//! What n8n's answers to a resume mean, and where it is called.

use std::time::Duration;

use serde_json::json;
use shared::egress::OutError;

use harness::parked::{EXECUTION, RESUME_URL, calls, decide, parked, resume_of, told};
use harness::{N8N, TestApp};

const LOOK: &str = "GET /api/v1/executions/7?includeData=true";
const STORED: &str = "POST /webhook-waiting/7?signature=stale";
const REBUILT: &str = "POST /webhook-waiting/7?signature=token-7";
const BARE: &str = "POST /webhook-waiting/7";
const DOCUMENTED: &str = "POST /rest/executions/7/resume";

/// The workflow's own URL, with a signature that n8n does not take any more.
const STALE_URL: &str = "https://n8n.example.com/webhook-waiting/7?signature=stale";

/// Decides, and returns the state of the resume and the calls that it took.
async fn outcome(house: &TestApp, entity: u64) -> (String, Vec<String>) {
    let before = house.network.sent().len();
    let decided = decide(house, "approve", entity).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    let state = decided.json["resume_state"].as_str().unwrap().to_owned();
    assert_eq!(decided.json["n8n_resumed"], state == "resumed", "{decided:?}");
    assert_eq!(resume_of(house, entity).await["state"], state);
    (state, calls(house, before))
}

#[tokio::test]
async fn an_execution_that_has_ended_is_finished_and_not_called() {
    for status in ["success", "error", "canceled"] {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        house.n8n.set_status(EXECUTION, status);
        assert_eq!(outcome(&house, entity).await, ("finished".into(), vec![LOOK.into()]), "{status}");
        house.live(Duration::from_secs(60)).await;
        assert_eq!(told(&house).len(), 0);
    }
}

#[tokio::test]
async fn a_wait_that_says_finished_is_finished() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.refuse_key(true);
    house.n8n.set_status(EXECUTION, "success");
    assert_eq!(outcome(&house, entity).await, ("finished".into(), vec![LOOK.into(), REBUILT.into()]));
}

#[tokio::test]
async fn a_deleted_execution_is_gone() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.delete(EXECUTION);
    let asked = vec![LOOK.into(), REBUILT.into()];
    assert_eq!(outcome(&house, entity).await, ("gone".into(), asked), "the waiting address says so");
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.delete(EXECUTION);
    house.n8n.refuse_key(true);
    assert_eq!(outcome(&house, entity).await, ("gone".into(), vec![LOOK.into(), REBUILT.into()]));
}

#[tokio::test]
async fn a_rotated_token_is_refreshed_from_the_api() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(STALE_URL)).await;
    let expected = vec![LOOK.into(), STORED.into(), REBUILT.into()];
    assert_eq!(outcome(&house, entity).await, ("resumed".into(), expected));
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn a_url_that_was_never_passed_is_rebuilt_from_the_api() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    assert_eq!(outcome(&house, entity).await, ("resumed".into(), vec![LOOK.into(), REBUILT.into()]));
}

#[tokio::test]
async fn the_stored_url_comes_first_then_the_rebuilt_then_the_bare_then_the_documented() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(STALE_URL)).await;
    for _ in 0..3 {
        house.n8n.answer_next_resume(Ok((401, r#"{"error":"Invalid token"}"#)));
    }
    let expected = [LOOK, STORED, REBUILT, BARE, DOCUMENTED].map(String::from).to_vec();
    assert_eq!(outcome(&house, entity).await, ("pending".into(), expected));
    house.live(Duration::from_secs(3)).await;
    assert_eq!(told(&house).len(), 1, "the next attempt was let in");
}

#[tokio::test]
async fn the_webhook_origin_is_called_before_the_host() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    let body = json!({
        "instance_id": "my-n8n-001", "host": N8N, "api_key": "n8n-api-key-here", "title": "Production n8n",
        "webhook_url": "https://hooks.example.com",
    });
    assert_eq!(house.acme.post("/api/installs/register", body).await.status, 200);
    let other = house.n8n.clone();
    let reply = move |request: &shared::egress::OutRequest| other.answer(request);
    house.network.host("https://hooks.example.com", reply);
    assert_eq!(outcome(&house, entity).await.0, "resumed");
    let call = house.network.sent_to("/webhook-waiting/").remove(0);
    assert_eq!(call.url.host_str(), Some("hooks.example.com"));
}

#[tokio::test]
async fn a_resume_url_of_another_origin_is_never_called() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    for url in [
        "https://evil.example.com/webhook-waiting/7?signature=token-7",
        "http://n8n.example.com/webhook-waiting/7?signature=token-7",
        "https://n8n.example.com:8443/webhook-waiting/7?signature=token-7",
        "https://n8n.example.com.evil.example/webhook-waiting/7",
    ] {
        let body = json!({
            "title": "Report", "installation_id": installation, "workflow_id": "wf1", "execution_id": "7",
            "resume_url": url,
        });
        let made = house.acme.post("/automation/payload/create", body).await;
        assert_eq!(
            (made.status, &made.json["warnings"][0]["code"]),
            (201, &"resume_url_moved".into()),
            "{made:?}"
        );
        assert!(!made.text.contains("token-7"), "{made:?}");
        house.n8n.waits(EXECUTION, "wf1", made.id());
        assert_eq!(decide(&house, "approve", made.id()).await.status, 200);
        let called = house.network.sent().into_iter().map(|sent| sent.url.origin().ascii_serialization());
        assert!(called.into_iter().all(|origin| origin == "https://n8n.example.com"), "{url}");
    }
}

#[tokio::test]
async fn a_stored_url_is_not_called_once_its_origin_is_no_longer_the_installations() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(STALE_URL)).await;
    let moved = json!({
        "instance_id": "my-n8n-001", "host": "https://moved.example.com", "api_key": "n8n-api-key-here", "title": "Moved",
    });
    assert_eq!(house.acme.post("/api/installs/register", moved).await.status, 200);
    let n8n = house.n8n.clone();
    house.network.host("https://moved.example.com", move |request| n8n.answer(request));
    let before = house.network.sent().len();
    assert_eq!(outcome(&house, entity).await, ("resumed".into(), vec![LOOK.into(), REBUILT.into()]));
    let hosts =
        house.network.sent().into_iter().skip(before).map(|sent| sent.url.host_str().map(str::to_owned));
    assert!(hosts.into_iter().all(|host| host.as_deref() == Some("moved.example.com")));
}

#[tokio::test]
async fn a_refused_api_key_leaves_the_stored_url() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.refuse_key(true);
    assert_eq!(outcome(&house, entity).await, ("resumed".into(), vec![LOOK.into(), REBUILT.into()]));
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_not_sent_again() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.lose_next_answer();
    let expected = vec![LOOK.into(), REBUILT.into(), LOOK.into()];
    assert_eq!(outcome(&house, entity).await, ("resumed".into(), expected));
    house.live(Duration::from_secs(60)).await;
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_when_n8n_is_back() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.lose_next_answer();
    let n8n = house.n8n.clone();
    house.faults.meanwhile("/webhook-waiting/", async move { n8n.set_down(true) });
    assert_eq!(outcome(&house, entity).await.0, "pending");
    house.live(Duration::from_secs(60)).await;
    house.n8n.set_down(false);
    house.live(Duration::from_secs(60)).await;
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 1);
}

#[tokio::test]
async fn a_lost_answer_that_cannot_be_looked_up_fails_and_says_so() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.refuse_key(true);
    house.n8n.lose_next_answer();
    assert_eq!(outcome(&house, entity).await.0, "pending");
    house.live(Duration::from_secs(30)).await;
    let resume = resume_of(&house, entity).await;
    assert_eq!(resume["state"], "failed", "{resume}");
    let why = resume["last_error"].as_str().unwrap();
    assert!(why.contains("may have taken") && why.contains("Repeat the decision"), "{why}");
    house.advance(Duration::from_secs(24 * 3600));
    house.sweep().await;
    house.drain().await;
    assert_eq!(house.network.sent_to("/webhook-waiting/").len(), 1, "never on our own account");
}

#[tokio::test]
async fn a_call_that_fails_after_a_lost_answer_does_not_forget_it() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    // n8n takes the decision, its answer is lost, it still shows the old state, and then it cannot be reached.
    house.n8n.answer_next_resume(Err(OutError::Timeout));
    house.n8n.answer_next_resume(Err(OutError::Connect("connection refused".into())));
    assert_eq!(outcome(&house, entity).await.0, "pending");
    house.n8n.set_status(EXECUTION, "success");
    house.live(Duration::from_secs(40)).await;
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
}

#[tokio::test]
async fn finished_after_a_lost_answer_means_that_it_was_taken() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.answer_next_resume(Err(OutError::Timeout));
    house.n8n.answer_next_resume(Ok((409, r#"{"message":"The execution \"7 has finished already."}"#)));
    assert_eq!(outcome(&house, entity).await.0, "pending", "n8n may still have it in hand");
    house.live(Duration::from_secs(40)).await;
    assert_eq!(resume_of(&house, entity).await["state"], "resumed");
}

#[tokio::test]
async fn html_with_200_is_not_resumed() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    for _ in 0..2 {
        house.n8n.answer_next_resume(Ok((200, "<!DOCTYPE html><html><title>Sign in</title></html>")));
    }
    assert_eq!(outcome(&house, entity).await.0, "pending");
    assert_eq!(told(&house).len(), 0);
    house.live(Duration::from_secs(3)).await;
    assert_eq!((told(&house).len(), resume_of(&house, entity).await["state"].as_str()), (1, Some("resumed")));
}

#[tokio::test]
async fn an_error_of_n8n_is_looked_into_before_it_is_called_again() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.answer_next_resume(Ok((500, r#"{"message":"There was a problem executing the workflow"}"#)));
    let expected = vec![LOOK.into(), REBUILT.into(), LOOK.into(), REBUILT.into()];
    assert_eq!(outcome(&house, entity).await, ("resumed".into(), expected));
    assert_eq!(told(&house).len(), 1);
}

#[tokio::test]
async fn errors_of_n8n_are_retried_later() {
    for status in [500, 502, 503, 429] {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        for _ in 0..2 {
            house.n8n.answer_next_resume(Ok((status, "<html>Bad gateway</html>")));
        }
        assert_eq!(outcome(&house, entity).await.0, "pending", "{status}");
        house.live(Duration::from_secs(3)).await;
        assert_eq!(resume_of(&house, entity).await["state"], "resumed", "{status}");
        assert_eq!(told(&house).len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_wait_with_credentials_of_its_own_fails_until_somebody_acts() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.answer_next_resume(Ok((403, "Authorization data is wrong!")));
    assert_eq!(outcome(&house, entity).await.0, "failed");
    let repeated = decide(&house, "approve", entity).await;
    assert_eq!(repeated.json["n8n_resumed"], true, "{repeated:?}");
}

#[tokio::test]
async fn an_execution_that_went_on_is_not_told() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.goes_on_to(EXECUTION, entity + 1);
    assert_eq!(outcome(&house, entity).await, ("superseded".into(), vec![LOOK.into()]));
    house.live(Duration::from_secs(60)).await;
    assert_eq!(told(&house).len(), 0);
}

#[tokio::test]
async fn an_execution_that_n8n_is_restoring_is_told_later() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.starts_up(true);
    assert_eq!(outcome(&house, entity).await, ("pending".into(), vec![LOOK.into()]));
    house.n8n.starts_up(false);
    house.live(Duration::from_secs(3)).await;
    assert_eq!((told(&house).len(), resume_of(&house, entity).await["state"].as_str()), (1, Some("resumed")));
}

#[tokio::test]
async fn an_api_that_is_not_n8ns_leaves_the_stored_url() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.answer_api(Some((200, "<html>Sign in</html>")));
    assert_eq!(outcome(&house, entity).await, ("resumed".into(), vec![LOOK.into(), REBUILT.into()]));
}

#[tokio::test]
async fn an_api_that_errs_is_asked_again_before_anything_is_sent() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.answer_api(Some((503, "starting")));
    assert_eq!(outcome(&house, entity).await, ("pending".into(), vec![LOOK.into()]));
    house.n8n.answer_api(None);
    house.live(Duration::from_secs(3)).await;
    assert_eq!(told(&house).len(), 1);
}

/// The next addresses are guesses; what they answer says nothing of the Wait.
#[tokio::test]
async fn the_error_that_is_shown_is_what_the_waiting_address_answered() {
    for (status, body, words) in [
        (302, "", "302"),
        (308, "<html>Moved</html>", "308"),
        (403, "<html><title>Blocked by the firewall</title></html>", "403"),
        (409, "<html>Conflict</html>", "409"),
        (401, r#"{"error":"Invalid token"}"#, "Invalid token"),
        (200, "<!DOCTYPE html><html><title>Sign in</title></html>", "200"),
    ] {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        for _ in 0..2 {
            house.n8n.answer_next_resume(Ok((status, body)));
        }
        let (state, calls) = outcome(&house, entity).await;
        assert_eq!((state.as_str(), calls.last().unwrap().as_str()), ("pending", DOCUMENTED), "{status}");
        let why = resume_of(&house, entity).await["last_error"].clone();
        assert!(why.as_str().unwrap().contains(words), "{status}: {why}");
        assert_eq!(told(&house).len(), 0, "{status}");
        house.live(Duration::from_secs(3)).await;
        assert_eq!(told(&house).len(), 1, "{status}: nothing was taken, so it is sent again");
    }
}

/// A proxy that loses its backend for a moment answers in its own words, though n8n took the decision.
#[tokio::test]
async fn an_answer_that_is_not_n8ns_is_looked_into_whatever_its_status() {
    for (status, body) in
        [(404, "<html>Not found</html>"), (403, "<html>no</html>"), (302, ""), (409, "taken"), (400, "")]
    {
        let house = TestApp::new().await;
        let entity = parked(&house, Some(RESUME_URL)).await;
        house.n8n.spoil_next_answer(status, body);
        let expected = vec![LOOK.into(), REBUILT.into(), LOOK.into()];
        assert_eq!(outcome(&house, entity).await, ("resumed".into(), expected), "{status}");
        let shown = house.acme.get(&format!("/api/payloads/{entity}")).await.json;
        assert!(shown["execution_state"].is_null(), "{status}: {shown}");
        house.live(Duration::from_secs(60)).await;
        assert_eq!(told(&house).len(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_n8ns_and_cannot_be_looked_into_is_not_sent_again() {
    let house = TestApp::new().await;
    let entity = parked(&house, Some(RESUME_URL)).await;
    house.n8n.spoil_next_answer(404, "<html>Not found</html>");
    let n8n = house.n8n.clone();
    house
        .faults
        .meanwhile("/webhook-waiting/", async move { n8n.answer_api(Some((404, "<html>no</html>"))) });
    let expected = vec![LOOK.into(), REBUILT.into(), LOOK.into()];
    assert_eq!(outcome(&house, entity).await, ("pending".into(), expected));
    house.n8n.answer_api(None);
    house.live(Duration::from_secs(60)).await;
    assert_eq!((told(&house).len(), resume_of(&house, entity).await["state"].as_str()), (1, Some("resumed")));
}
