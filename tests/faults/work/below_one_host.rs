//! Two n8n's at one host, each below its path: what one of them sends is never the other's.

use serde_json::{Value, json};
use standins::FakeN8n;

use harness::parked::decide;
use harness::{Answer, TestApp, named};

const HOST: &str = "https://shared.example.com";

struct Two {
    house: TestApp,
    a: FakeN8n,
    b: FakeN8n,
    /// The installations' ids.
    ids: [u64; 2],
}

async fn register(house: &TestApp, name: &str, host: &str) -> Answer {
    let body = json!({ "instance_id": name, "host": host, "api_key": "n8n-api-key-here", "title": name });
    let answer = house.acme.post("/api/installs/register", body).await;
    house.drain().await;
    answer
}

async fn two() -> Two {
    let house = TestApp::new().await;
    let (a, b) = (FakeN8n::default(), FakeN8n::default());
    FakeN8n::share(&house.network, HOST, &[("team-a", a.clone()), ("team-b", b.clone())]);
    a.add_workflow("wfA", "A", "report");
    b.add_workflow("wfB", "B", "report");
    let first = register(&house, "a", &format!("{HOST}/team-a")).await;
    let second = register(&house, "b", &format!("{HOST}/team-b/")).await;
    assert_eq!((&first.json["n8n_api"]["ok"], &second.json["n8n_api"]["ok"]), (&json!(true), &json!(true)));
    let ids = [&first, &second].map(|answer| answer.json["installation_id"].as_u64().unwrap());
    Two { house, a, b, ids }
}

#[tokio::test]
async fn a_decision_reaches_the_n8n_that_asked() {
    let Two { house, a, b, ids } = two().await;
    for (n8n, team, id, execution) in [(&b, "team-b", ids[1], 7), (&a, "team-a", ids[0], 8)] {
        let url = format!("{HOST}/{team}/webhook-waiting/{execution}?signature=token-{execution}");
        let made =
            house.acme.post("/automation/payload/create", json!({ "title": "x", "resume_url": url })).await;
        assert_eq!((made.status, &made.json["installation_id"]), (201, &json!(id)), "{made:?}");
        assert_eq!(made.json["warnings"], Value::Null);
        n8n.waits(execution, "wf", made.id());
        let decided = decide(&house, "approve", made.id()).await;
        assert_eq!(decided.json["n8n_resumed"], true, "{decided:?}");
        assert_eq!(n8n.execution(execution).unwrap().decisions.len(), 1);
    }
    let addresses: Vec<_> = house.network.sent().iter().map(|sent| sent.url.path().to_owned()).collect();
    assert!(addresses.iter().any(|path| path == "/team-b/webhook-waiting/7"), "{addresses:?}");
    assert!(!addresses.iter().any(|path| path == "/team-a/webhook-waiting/7"), "{addresses:?}");
}

#[tokio::test]
async fn a_trigger_and_its_usage_are_the_n8ns_below_whose_path_they_lie() {
    let Two { house, ids, .. } = two().await;
    for (team, id, workflow) in [("team-b", ids[1], "wfB"), ("team-a", ids[0], "wfA")] {
        let endpoint = format!("{HOST}/{team}/webhook/report");
        let triggered = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
        assert_eq!(
            (&triggered.json["installation_id"], &triggered.json["workflow_id"]),
            (&json!(id), &json!(workflow)),
            "{triggered:?}"
        );
        let used = house
            .acme
            .post(
                "/api/token-usage",
                json!({
                    "n8n_base_url": format!("{HOST}/{team}/"), "workflow_id": "wf", "execution_id": "1",
                    "model_id": "gpt-4", "input_tokens": 1, "output_tokens": 1,
                }),
            )
            .await;
        let node = shared::domain::n8n_workflow::nid(
            house.acme.key.tenant,
            shared::ids::InstallationId::from_u64(id).unwrap(),
            "wf",
        );
        assert_eq!(used.json["data"]["nid"], json!(node), "{used:?}");
    }
}

#[tokio::test]
async fn a_path_of_another_segment_spelling_or_case_is_another_place() {
    let Two { house, ids, .. } = two().await;
    for (path, installation) in [
        ("team-a/", Some(ids[0])),
        ("team%2Da", Some(ids[0])),
        ("x/../team-b", Some(ids[1])),
        ("team-ab", None),
        ("Team-A", None),
        ("", None),
        ("team-a%2Fwebhook", None),
    ] {
        let endpoint = format!("{HOST}/{path}/webhook/report");
        let answer = house.acme.post("/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
        match installation {
            // However n8n takes another spelling of its path, it is the one that is called.
            Some(_) => assert!(answer.status != 422, "{path}: {answer:?}"),
            None => assert_eq!(named(&answer), ["endpoint"], "{path}: {answer:?}"),
        }
        let url = format!("{HOST}/{path}/webhook-waiting/7?signature=x");
        let made = house.acme.post("/api/payloads", json!({ "title": "x", "resume_url": url })).await;
        match installation {
            Some(id) => assert_eq!(made.json["installation_id"], json!(id), "{path}: {made:?}"),
            None => assert_eq!(named(&made), ["resume_url"], "{path}: {made:?}"),
        }
    }
}

#[tokio::test]
async fn the_longest_path_goes_first_whenever_it_was_registered() {
    let Two { house, ids, .. } = two().await;
    let root = register(&house, "root", HOST).await.json["installation_id"].as_u64().unwrap();
    let deep =
        register(&house, "deep", &format!("{HOST}/team-a/inner")).await.json["installation_id"].clone();
    for (path, id) in [
        ("team-a/webhook-waiting/7", json!(ids[0])),
        ("team-a/inner/webhook-waiting/7", deep),
        ("team-ab/webhook-waiting/7", json!(root)),
        ("webhook-waiting/7", json!(root)),
    ] {
        let url = format!("{HOST}/{path}?signature=x");
        let made = house.acme.post("/api/payloads", json!({ "title": "x", "resume_url": url })).await;
        assert_eq!(made.json["installation_id"], id, "{path}: {made:?}");
    }
}

#[tokio::test]
async fn a_url_of_one_n8n_and_the_id_of_another_contradict_each_other() {
    let Two { house, ids, .. } = two().await;
    let url = format!("{HOST}/team-b/webhook-waiting/7?signature=s3cret");
    let body = json!({ "title": "x", "resume_url": url, "installation_id": ids[0] });
    let answer = house.acme.post("/api/payloads", body).await;
    assert_eq!(named(&answer), ["resume_url"], "{answer:?}");
    assert!(answer.text.contains(&ids[1].to_string()) && !answer.text.contains("s3cret"), "{answer:?}");
}

#[tokio::test]
async fn an_n8n_that_moves_to_another_path_leaves_the_first() {
    let Two { house, ids, .. } = two().await;
    assert_eq!(register(&house, "a", &format!("{HOST}/team-c")).await.status, 200);
    for (path, found) in [("team-a", false), ("team-c", true)] {
        let url = format!("{HOST}/{path}/webhook-waiting/7?signature=x");
        let made = house.acme.post("/api/payloads", json!({ "title": "x", "resume_url": url })).await;
        assert_eq!(made.json["installation_id"] == json!(ids[0]), found, "{path}: {made:?}");
    }
}

/// What was stored before paths counted says no path: the installation itself is asked.
#[tokio::test]
async fn a_place_that_was_stored_without_its_path_is_looked_up() {
    let Two { house, ids, .. } = two().await;
    let tenant = house.acme.key.tenant;
    let partition = shared::store::Key::partition(tenant, &format!("origin#{HOST}"));
    let page = house.app.store.query(&shared::store::Query::table(partition)).await.unwrap();
    assert_eq!(page.items.len(), 2);
    for item in page.items {
        let key = item.key.clone();
        let mut attrs = item.into_attrs().unwrap();
        attrs.remove("paths").unwrap();
        house.app.store.write(shared::store::Write::put(key, attrs)).await.unwrap();
    }
    let url = format!("{HOST}/team-b/webhook-waiting/7?signature=x");
    let made = house.acme.post("/api/payloads", json!({ "title": "x", "resume_url": url })).await;
    assert_eq!(made.json["installation_id"], json!(ids[1]), "{made:?}");
}

#[tokio::test]
async fn looking_up_a_path_costs_what_an_origin_cost() {
    let Two { house, .. } = two().await;
    let url = format!("{HOST}/team-b/webhook-waiting/7?signature=x");
    let body = json!({ "title": "x", "resume_url": url });
    house.acme.post("/api/payloads", body.clone()).await;
    let before = house.meter();
    assert_eq!(house.acme.post("/api/payloads", body).await.status, 201);
    let spent = house.meter().since(&before);
    assert_eq!((spent.read_units, spent.round_trips), (1.0, 2), "one question, and the write");
}
