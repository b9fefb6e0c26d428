use std::time::Duration;

use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use shared::{accounts::NewKey, clock::Millis, domain::api_key, ids::InstallationId, repo::orgs};

use harness::{Answer, Caller, TestApp, refusal};

const PATH: &str = "/api/n8n/nodes/payload-review";
const SCOPES: [&str; 5] =
    ["token_usage:write", "payloads:write", "media:write", "leads:write", "executions:write"];

async fn house() -> TestApp {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    house
}

async fn connect(house: &TestApp) -> Answer {
    connect_as(house, &house.acme).await
}

async fn connect_as(house: &TestApp, caller: &Caller) -> Answer {
    let answer = caller.post(PATH, json!({ "installation_id": 45 })).await;
    assert!(!answer.text.contains(api_key::PREFIX), "a key in a reply: {answer:?}");
    for key in held(house) {
        assert!(!answer.text.contains(&key), "the key in a reply: {answer:?}");
    }
    answer
}

/// The keys that n8n holds.
fn held(house: &TestApp) -> Vec<String> {
    let credentials = house.n8n.credentials();
    credentials.iter().map(|credential| credential.data["value"].as_str().unwrap().to_owned()).collect()
}

fn state(answer: &Answer) -> (u16, &str, Option<&str>) {
    let credential = &answer.json["credential"];
    (answer.status, credential["state"].as_str().unwrap_or_default(), credential["id"].as_str())
}

/// The one credential of n8n holds a key that works, and `answer` and its nodes name it.
async fn one_that_works(house: &TestApp, answer: &Answer) -> Caller {
    let credentials = house.n8n.credentials();
    let [credential] = credentials.as_slice() else { panic!("not one credential: {credentials:?}") };
    assert_eq!(answer.json["credential"]["id"], credential.id.as_str(), "{answer:?}");
    for node in answer.json["canvas"]["nodes"].as_array().unwrap() {
        let named = &node["credentials"]["httpHeaderAuth"];
        let expected = json!({ "id": credential.id, "name": credential.name });
        assert!(*named == Value::Null || *named == expected, "{node}");
    }
    let nodes = house.acme.with_key(credential.data["value"].as_str().unwrap());
    let made = nodes.post("/api/payloads", json!({ "title": "From n8n" })).await;
    assert_eq!(made.status, 201, "the key in n8n does not work: {made:?}");
    nodes
}

/// Keys of acme that work now.
async fn working_keys(house: &TestApp) -> usize {
    let keys = orgs::keys(&*house.app.store, house.acme.key.tenant).await.unwrap();
    keys.iter().filter(|key| key.usable(house.app.now())).count()
}

#[tokio::test]
async fn n8n_gets_a_credential_with_a_key_that_may_only_send() {
    let house = house().await;
    let answer = connect(&house).await;
    assert_eq!((answer.status, &answer.json["credential"]["state"]), (201, &json!("created")), "{answer:?}");
    let credential = house.n8n.credentials().remove(0);
    assert_eq!(
        (credential.kind.as_str(), credential.name.as_str()),
        ("httpHeaderAuth", "Baton API key (45)")
    );
    assert_eq!(credential.data["name"], "X-API-Key");
    let nodes = one_that_works(&house, &answer).await;
    let key = orgs::key(&*house.app.store, &api_key::hash(&nodes.text).unwrap()).await.unwrap().unwrap();
    assert_eq!((key.name.as_str(), key.expires_at), ("n8n nodes (Seeded)", None));
    assert_eq!(key.scopes, SCOPES);
    for refused in [nodes.get("/api/payloads/list").await, nodes.post("/automation/approve", json!({})).await]
    {
        assert_eq!(refused.status, 403, "{refused:?}");
    }
}

#[tokio::test]
async fn one_credential_serves_all_nodes() {
    let house = house().await;
    let first = connect(&house).await;
    let (keys, made) = (working_keys(&house).await, house.n8n.credentials());
    let again = connect(&house).await;
    assert_eq!(state(&again), (200, "ready", state(&first).2));
    let other = house.acme.post("/api/n8n/nodes/lead", json!({ "installation_id": 45 })).await;
    assert_eq!(state(&other), (200, "ready", state(&first).2));
    let shown = house.acme.get("/api/n8n/nodes/media").await;
    assert_eq!(state(&shown), (200, "ready", state(&first).2));
    assert_eq!((working_keys(&house).await, house.n8n.credentials()), (keys, made));
}

#[tokio::test]
async fn a_credential_that_was_deleted_in_n8n_is_made_again_and_its_key_ends() {
    for old_n8n in [false, true] {
        let house = house().await;
        if old_n8n {
            house.n8n.list_credentials_only();
        }
        let first = connect(&house).await;
        let lost = held(&house).remove(0);
        assert_eq!(state(&connect(&house).await).1, "ready");
        house.n8n.delete_credentials();
        let keys = working_keys(&house).await;
        let again = connect(&house).await;
        assert_eq!((again.status, state(&again).1), (201, "created"), "{again:?}");
        assert_ne!(state(&again).2, state(&first).2);
        one_that_works(&house, &again).await;
        assert_eq!(working_keys(&house).await, keys, "one came, one went");
        house.advance(Duration::from_secs(61));
        let refused = house.acme.with_key(&lost).get("/api").await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_replaced_in_the_same_credential() {
    let house = house().await;
    let first = connect(&house).await;
    let old = api_key::hash(&held(&house)[0]).unwrap();
    orgs::revoke_key(&*house.app.store, &old, house.app.now()).await.unwrap();
    let again = connect(&house).await;
    assert_eq!(state(&again), (201, "renewed", state(&first).2), "pasted nodes work again as they are");
    one_that_works(&house, &again).await;
}

#[tokio::test]
async fn where_n8n_does_not_let_it_be_made_a_person_is_told_what_to_do() {
    type Obstacle = fn(&TestApp, bool);
    let obstacles: [(Obstacle, &str); 6] = [
        (|house, on| house.n8n.refuse_credentials(on.then_some(403)), "credential:create"),
        (|house, on| house.n8n.refuse_credentials(on.then_some(404)), "no API for credentials"),
        (|house, on| house.n8n.refuse_credentials(on.then_some(500)), "500"),
        (|house, on| house.n8n.refuse_key(on), "refuses the API key"),
        (|house, on| house.n8n.set_down(on), "cannot be reached"),
        (|house, on| house.n8n.answer_api(on.then_some((200, "<html>Sign in</html>"))), "not n8n's API"),
    ];
    for (obstacle, expected) in obstacles {
        let house = house().await;
        let keys = working_keys(&house).await;
        obstacle(&house, true);
        let body = json!({ "installation_id": 45 });
        let answer = house.acme.post_once(PATH, "once", body.clone()).await;
        assert_eq!(state(&answer), (200, "by_hand", None), "{expected}: {answer:?}");
        let problem = answer.json["credential"]["problem"].as_str().unwrap();
        assert!(problem.contains(expected), "{problem}");
        let steps = answer.json["credential"]["steps"].to_string();
        assert!(SCOPES.iter().all(|scope| steps.contains(scope)) && steps.contains("X-API-Key"), "{steps}");
        let named = &answer.json["canvas"]["nodes"][0]["credentials"]["httpHeaderAuth"];
        assert_eq!(*named, json!({ "id": null, "name": "Baton API key" }));
        assert_eq!(working_keys(&house).await, keys, "{expected}: a key was left behind");
        obstacle(&house, false);
        // The failure is not what the key is remembered for.
        let answer = house.acme.post_once(PATH, "once", body).await;
        assert_eq!(answer.status, 201, "{expected}: {answer:?}");
        one_that_works(&house, &answer).await;
    }
}

#[tokio::test]
async fn a_remembered_credential_is_named_also_when_n8n_is_down() {
    let house = house().await;
    let first = connect(&house).await;
    house.n8n.set_down(true);
    let again = connect(&house).await;
    assert_eq!(state(&again), (200, "ready", state(&first).2));
    assert!(again.json["credential"]["problem"].as_str().unwrap().contains("cannot be reached"), "{again:?}");
}

#[tokio::test]
async fn a_credential_whose_making_was_not_heard_of_is_found_by_its_name() {
    let house = house().await;
    let keys = working_keys(&house).await;
    house.n8n.lose_next_answer();
    let lost = connect(&house).await;
    assert_eq!(state(&lost), (200, "by_hand", None), "{lost:?}");
    let dead = house.acme.with_key(&held(&house)[0]).get("/api").await;
    assert_eq!(dead.status, 403, "the key of a credential that was not heard of works: {dead:?}");
    assert_eq!(working_keys(&house).await, keys);
    let again = connect(&house).await;
    assert_eq!((again.status, state(&again).1), (201, "created"), "{again:?}");
    one_that_works(&house, &again).await;
}

#[tokio::test]
async fn a_request_that_died_holds_up_others_for_a_while_only() {
    let house = house().await;
    let write = |house: &TestApp| {
        use shared::domain::n8n_credential::{Claim, N8nCredential};
        let claim = Claim { id: house.app.id(), since: house.app.now() };
        N8nCredential::new(InstallationId::from_u64(45).unwrap()).claimed(claim)
    };
    let records = house.app.repos(house.acme.key.tenant).n8n_credentials();
    house.app.store.write(records.put_next(&write(&house)).unwrap()).await.unwrap();
    let busy = connect(&house).await;
    assert_eq!((busy.status, refusal(&busy, PATH).as_str()), (409, "credential_in_progress"));
    assert!(busy.header("retry-after").is_some(), "{busy:?}");
    assert_eq!(state(&house.acme.get(PATH).await).1, "by_hand", "there is none to name yet");
    house.advance(Duration::from_secs(36));
    let again = connect(&house).await;
    assert_eq!(again.status, 201, "{again:?}");
    one_that_works(&house, &again).await;
}

#[tokio::test]
async fn many_at_once_make_one() {
    let house = house().await;
    let keys = working_keys(&house).await;
    let answers = join_all((0..8).map(|_| connect(&house))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 201 | 409)), "{answers:?}");
    one_that_works(&house, made[0]).await;
    assert_eq!(working_keys(&house).await, keys + 1);
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let house = house().await;
    let scopes = ["nodes:write", "payloads:write", "token_usage:write"].map(str::to_owned).into();
    let narrow = house.key(&house.acme, NewKey { scopes, ..NewKey::default() }).await;
    let refused = connect_as(&house, &narrow).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (403, "missing_scope"));
    let message = refused.json["message"].as_str().unwrap();
    assert!(message.contains("media:write, leads:write, executions:write"), "{message}");
    assert!(house.network.sent().is_empty(), "n8n was called");

    let end = Some(Millis(house.app.now().0 + 3_600_000));
    let short = house.key(&house.acme, NewKey { expires_at: end, ..NewKey::default() }).await;
    assert_eq!(connect_as(&house, &short).await.status, 201);
    let hash = api_key::hash(&held(&house)[0]).unwrap();
    let key = orgs::key(&*house.app.store, &hash).await.unwrap().unwrap();
    assert_eq!(key.expires_at, end, "a key that expires makes none that does not");
}

#[tokio::test]
async fn the_trigger_needs_no_credential() {
    let house = house().await;
    let answer = house.acme.post("/api/n8n/nodes/trigger", json!({ "workflow_id": "abc123" })).await;
    assert_eq!((answer.status, &answer.json["credential"]), (200, &Value::Null), "{answer:?}");
    assert_eq!(answer.json["canvas"]["nodes"][0].get("credentials"), None);
    assert!(house.network.sent().is_empty());
}

#[tokio::test]
async fn what_n8n_is_asked_goes_to_its_registered_host_with_its_own_key() {
    let house = house().await;
    connect(&house).await;
    let sent = house.network.sent();
    let [post] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((&post.method, post.url.path()), (&Method::POST, "/api/v1/credentials"));
    assert_eq!(post.headers["x-n8n-api-key"], "n8n-api-key-here");
    assert!(!post.headers.contains_key("x-api-key"));
}

#[tokio::test]
async fn making_it_costs_two_transactions_and_finding_it_two_reads() {
    let house = house().await;
    house.acme.get(PATH).await;
    let spent = async |expected: u16| {
        let before = house.meter();
        let answer = connect_as(&house, &house.acme).await;
        assert_eq!(answer.status, expected, "{answer:?}");
        let spent = house.meter().since(&before);
        (spent.read_units, spent.write_units, spent.round_trips)
    };
    assert_eq!(spent(201).await, (1.0, 13.0, 3));
    assert_eq!(spent(200).await, (2.0, 0.0, 2));
}

#[tokio::test]
async fn the_key_in_n8n_is_bound_to_the_group_that_n8n_lies_in_now() {
    let house = house().await;
    let other = 9_000_000_000_000_501;
    house.seed_group(&house.acme, other).await;
    let ready = async |caller: &Caller| {
        let answer = connect_as(&house, caller).await;
        (answer.json["credential"]["state"].as_str().unwrap_or_default().to_owned(), answer)
    };
    // Made by somebody who sees everything, it is no key for who does not.
    assert_eq!(ready(&house.acme).await.0, "created");
    let groups = vec![house.acme.key.group_id];
    let bound = house.key(&house.acme, NewKey { groups, ..NewKey::default() }).await;
    let (state, answer) = ready(&bound).await;
    assert_eq!(state, "renewed", "{answer:?}");
    let nodes = one_that_works(&house, &answer).await;
    let outside = json!({ "title": "x", "group_id": other });
    assert_eq!(nodes.post("/api/payloads", outside.clone()).await.status, 403);
    assert_eq!(ready(&bound).await.0, "ready");
    assert_eq!(ready(&house.acme).await.0, "ready", "and it does for who sees everything");
    // The n8n comes to another group.
    let installed = house.acme.get("/api/installs/45").await.json;
    let again = json!({ "instance_id": installed["instance_id"], "host": installed["host"], "api_key": "n8n-api-key-here",
        "title": "n8n", "group_id": other });
    let again = house.acme.post("/api/installs/register", again).await;
    assert_eq!(again.status, 200, "{again:?}");
    let (state, answer) = ready(&house.acme).await;
    assert_eq!(state, "renewed", "{answer:?}");
}
