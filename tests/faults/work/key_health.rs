//! How an n8n takes its API key: learned by the way, and told once when a key that worked stops working.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    domain::installation::{Installation, KeyState},
    ids::InstallationId,
    installed::Installed,
};

use harness::parked::{decide, parked};
use harness::{N8N, TestApp};

const SECOND: Duration = Duration::from_secs(1);

fn installed(house: &TestApp) -> Installed<'_> {
    Installed::new(&house.app, house.acme.key.tenant)
}

async fn stored(house: &TestApp, id: u64) -> Installation {
    let installations = house.app.repos(house.acme.key.tenant).installations();
    installations.get(InstallationId::from_u64(id).unwrap()).await.unwrap().unwrap()
}

async fn state(house: &TestApp, id: u64) -> Option<KeyState> {
    stored(house, id).await.api_key_health.map(|health| health.state)
}

async fn alerts(house: &TestApp) -> Vec<Value> {
    let listed = house.acme.get("/api/notifications/list").await;
    let rows = listed.json["notifications"].as_array().unwrap().clone();
    rows.into_iter().filter(|row| row["entity_type"] == "installation").collect()
}

/// Has n8n asked about a run that it does not know yet, for as long as one is followed.
async fn follow(house: &TestApp, installation: u64) {
    let endpoint = format!("{N8N}/webhook/invokati-trigger/{installation}/wf1");
    house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    house.live(3 * SECOND).await;
}

#[tokio::test]
async fn people_are_told_once_when_a_key_stops_working_and_again_after_it_was_well() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    assert_eq!(state(&house, installation).await, Some(KeyState::Ok));
    for times in 1..=2 {
        house.n8n.refuse_key(true);
        follow(&house, installation).await;
        follow(&house, installation).await;
        assert_eq!(state(&house, installation).await, Some(KeyState::Refused));
        let told = alerts(&house).await;
        assert_eq!(told.len(), times, "{told:?}");
        assert_eq!(
            (&told[0]["type"], &told[0]["entity_id"]),
            (&json!("workflow_alert"), &json!(installation))
        );
        let words = format!("{} {}", told[0]["title"], told[0]["message"]);
        assert!(words.contains("Production n8n") && words.contains("my-n8n-001"), "{words}");
        assert!(!words.contains("n8n-api-key-here"), "{words}");
        house.n8n.refuse_key(false);
        // Whichever process asks next, and whatever it remembers.
        house.advance(120 * SECOND);
        follow(&house, installation).await;
        assert_eq!(state(&house, installation).await, Some(KeyState::Ok));
        assert_eq!(alerts(&house).await.len(), times, "that it is well again is no news");
        house.advance(120 * SECOND);
    }
    assert!(house.rival.get("/api/notifications/list").await.json["count"] == 0);
}

#[tokio::test]
async fn a_decision_and_a_listing_learn_it_too() {
    let house = TestApp::new().await;
    let entity = parked(&house, None).await;
    house.n8n.refuse_key(true);
    decide(&house, "approve", entity).await;
    assert_eq!(alerts(&house).await.len(), 1);

    let house = TestApp::new().await;
    house.register(&house.acme).await;
    house.n8n.refuse_key(true);
    let missed =
        house.acme.post("/api/trigger-webhook", json!({ "endpoint": format!("{N8N}/webhook/new") })).await;
    assert_eq!(missed.status, 200, "{missed:?}");
    assert_eq!(alerts(&house).await.len(), 1);
}

#[tokio::test]
async fn a_key_that_never_worked_is_no_news_and_neither_is_an_n8n_that_is_away() {
    let house = TestApp::new().await;
    house.n8n.refuse_key(true);
    let installation = house.register(&house.acme).await;
    assert_eq!(state(&house, installation).await, Some(KeyState::Refused));
    follow(&house, installation).await;
    assert!(alerts(&house).await.is_empty());

    for trouble in [
        Some((404, "<html>n8n is starting up</html>")),
        Some((503, "starting")),
        Some((403, r#"{"message":"Forbidden"}"#)),
        None,
    ] {
        let house = TestApp::new().await;
        let installation = house.register(&house.acme).await;
        match trouble {
            Some(answer) => house.n8n.answer_api(Some(answer)),
            None => house.n8n.set_down(true),
        }
        follow(&house, installation).await;
        assert_eq!(state(&house, installation).await, Some(KeyState::Ok), "{trouble:?}");
        assert!(alerts(&house).await.is_empty(), "{trouble:?}");
    }
}

#[tokio::test]
async fn what_n8n_says_to_an_earlier_key_is_no_word_on_the_new_one() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let before = stored(&house, installation).await;
    let again = house
        .acme
        .post(
            "/api/installs/register",
            json!({ "instance_id": "my-n8n-001", "host": N8N, "api_key": "another-n8n-key", "title": "n8n" }),
        )
        .await;
    assert_eq!((again.status, &again.json["n8n_api"]["ok"]), (200, &json!(false)), "{again:?}");
    house.n8n.take_key("another-n8n-key");
    follow(&house, installation).await;
    assert_eq!(state(&house, installation).await, Some(KeyState::Ok));
    // Another process still has the installation as it was.
    let turn =
        shared::n8n::client::Turn::urgent(shared::clock::Deadline::at(house.app.now().plus(5 * SECOND)));
    let n8n = installed(&house).n8n(&before, turn).await.unwrap();
    assert!(n8n.execution_row("9").await.is_err(), "the earlier key is refused");
    assert_eq!(state(&house, installation).await, Some(KeyState::Ok));
    assert!(alerts(&house).await.is_empty());
}

#[tokio::test]
async fn what_is_known_of_a_key_costs_nothing() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    let known = stored(&house, installation).await;
    house.n8n.runs(9, "wf1", house.app.now().0);
    let turn =
        shared::n8n::client::Turn::urgent(shared::clock::Deadline::at(house.app.now().plus(5 * SECOND)));
    let ask = async || {
        let before = house.meter();
        let _ = installed(&house).n8n(&known, turn).await.unwrap().execution_row("9").await;
        let spent = house.meter().since(&before);
        (spent.read_units, spent.write_units, spent.round_trips)
    };
    assert_eq!(ask().await, (0.0, 0.0, 0));
    house.n8n.refuse_key(true);
    assert_eq!(ask().await, (1.0, 7.0, 2), "the news, the notification and the event in one transaction");
    assert_eq!(ask().await, (0.0, 0.0, 0));
    house.n8n.refuse_key(false);
    assert_eq!(ask().await, (1.0, 1.0, 2), "well again");
}

#[tokio::test]
async fn of_two_that_hear_it_at_once_one_tells() {
    let house = TestApp::new().await;
    let installation = house.register(&house.acme).await;
    house.n8n.refuse_key(true);
    let before = stored(&house, installation).await;
    let turn =
        shared::n8n::client::Turn::urgent(shared::clock::Deadline::at(house.app.now().plus(5 * SECOND)));
    let ask = async || installed(&house).n8n(&before, turn).await.unwrap().execution_row("9").await;
    let (one, two) = tokio::join!(ask(), ask());
    assert!(one.is_err() && two.is_err());
    assert_eq!(alerts(&house).await.len(), 1);
}
