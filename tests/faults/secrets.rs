//! Secrets stay where they belong. Each is a word that occurs nowhere else, goes through every path that can fail, and
//! is then looked for in every reply, log line, stored item, message and blob.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Method, Request};
use serde_json::{Value, json};
use shared::{domain::org::Role, egress::OutError};
use standins::{Plan, dump};
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

use super::echoes;
use harness::{Answer, Caller, N8N, PASSWORD, TestApp, pass};

pub const N8N_KEY: &str = "canary-n8n-key-3f9a";
pub const SIGNATURE: &str = "canary-signature-77c1";
pub const QUERY: &str = "canary-query-5b2e";
const USER_INFO: &str = "canary-userinfo-90d4";
const WRONG: &str = "canary-wrong-password-1d84";
const CHOSEN: &str = "canary-chosen-password-c6e2";

/// Log lines of the whole process, kept until they are taken. Not of one thread: whether a line is wanted at all is
/// decided once for the process, and tests on other threads, which want none, would take part in that.
#[derive(Clone)]
struct Lines(Arc<Mutex<Option<Vec<u8>>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kept) = self.0.lock().unwrap().as_mut() {
            kept.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Every reply of a walk through the house.
#[derive(Default)]
pub struct Replies(pub Vec<Answer>);

impl Replies {
    pub async fn post(&mut self, house: &TestApp, path: &str, body: Value) -> usize {
        self.0.push(house.acme.post(path, body).await);
        self.0.len() - 1
    }

    async fn raw(&mut self, house: &TestApp, path: &str, key: &str, body: &str) {
        let request = Request::builder().method(Method::POST).uri(path).header("x-api-key", key);
        let request = request.header("content-type", "application/json");
        self.0.push(house.acme.raw(request.body(body.to_owned().into()).unwrap()).await);
    }

    pub fn last(&self) -> &Answer {
        self.0.last().unwrap()
    }
}

pub fn register(key: &Value) -> Value {
    json!({ "instance_id": "my-n8n-001", "host": N8N, "api_key": key, "title": "Production n8n" })
}

fn park(execution: u64) -> Value {
    json!({
        "title": "Report", "workflow_id": "wf1", "execution_id": execution, "human_interaction": true,
        "resume_url": format!("{N8N}/webhook-waiting/{execution}?signature={SIGNATURE}"),
    })
}

/// Registers in every way that is refused, and in the one that is not.
async fn registrations(house: &TestApp, replies: &mut Replies) {
    let path = "/api/installs/register";
    let good = register(&json!(N8N_KEY)).to_string();
    replies.raw(house, path, &house.acme.text, &good[..good.len() - 1]).await;
    replies.raw(house, path, &house.acme.text, &format!("{good}{good}")).await;
    replies.raw(house, path, &format!("{}x", house.acme.text), &good).await;
    for key in [json!({ "text": N8N_KEY }), json!([N8N_KEY]), json!(format!("{N8N_KEY} {N8N_KEY}\n"))] {
        replies.post(house, path, register(&key)).await;
        assert_eq!(replies.last().status, 422, "{:?}", replies.last());
    }
    let mut with_credentials = register(&json!(N8N_KEY));
    with_credentials["host"] = format!("https://{USER_INFO}:{USER_INFO}@n8n.example.com").into();
    replies.post(house, path, with_credentials).await;
    assert_eq!(replies.last().status, 422, "{:?}", replies.last());
    house.n8n.set_down(true);
    replies.post(house, path, register(&json!(N8N_KEY))).await;
    house.n8n.set_down(false);
    for answer in [(401, "Unauthorized"), (500, "Error"), (200, "<html>Sign in</html>")] {
        house.n8n.answer_api(Some(answer));
        replies.post(house, path, register(&json!(N8N_KEY))).await;
    }
    house.n8n.answer_api(None);
    replies.post(house, path, register(&json!(N8N_KEY))).await;
    assert_eq!(replies.last().status, 200, "{:?}", replies.last());
}

/// Decides while n8n fails in each way that it can.
async fn decisions(house: &TestApp, replies: &mut Replies) {
    let failures: Vec<Result<(u16, &str), OutError>> = vec![
        Ok((200, "{}")),
        Ok((401, r#"{"error":"Invalid token"}"#)),
        Ok((403, "Authorization data is wrong!")),
        Ok((404, "<html>Cannot POST</html>")),
        Ok((409, r#"{"message":"The execution \"7 has finished already."}"#)),
        Ok((500, "There was a problem")),
        Ok((302, "")),
        Err(OutError::Timeout),
        Err(OutError::Connect("connection refused".into())),
        Err(OutError::Broken("reset".into())),
        Err(OutError::Dns("no such name".into())),
    ];
    for (execution, failure) in (100..).zip(failures) {
        let at = replies.post(house, "/automation/payload/create", park(execution)).await;
        let entity = replies.0[at].id();
        house.n8n.waits(execution, "wf1", entity);
        house.n8n.rotate_token(execution, SIGNATURE);
        house.n8n.answer_next_resume(failure.clone());
        house.n8n.answer_next_resume(failure);
        let body = json!({ "entity_id": entity, "entity_type": "custom_payload" });
        replies.post(house, "/automation/approve", body).await;
        assert_eq!(replies.last().status, 200, "{:?}", replies.last());
        pass(house, 30).await;
        replies.0.push(house.acme.get(&format!("/api/payloads/{entity}")).await);
    }
    let elsewhere = format!("https://evil.example/webhook-waiting/7?signature={SIGNATURE}");
    for (url, status) in [
        // Taken to the registered host, and its reply says so.
        (elsewhere, 201),
        (format!("https://evil.example/?signature={SIGNATURE}"), 422),
        (format!("https://{USER_INFO}@n8n.example.com/?signature={SIGNATURE}"), 422),
        (format!("{SIGNATURE} no url"), 422),
    ] {
        let mut body = park(7);
        body["resume_url"] = url.into();
        replies.post(house, "/automation/payload/create", body).await;
        assert_eq!(replies.last().status, status, "{:?}", replies.last());
    }
    replies.0.push(house.acme.get("/api/payloads/list").await);
}

/// Triggers a webhook whose URL holds a secret, while n8n fails in each way that it can.
async fn triggers(house: &TestApp, replies: &mut Replies) {
    let failures: Vec<Result<(u16, &str), OutError>> = vec![
        Ok((200, "{}")),
        Ok((404, r#"{"message":"The requested webhook is not registered."}"#)),
        Ok((403, "Authorization data is wrong!")),
        Ok((500, "<html>Error</html>")),
        Err(OutError::Timeout),
        Err(OutError::Connect("connection refused".into())),
        Err(OutError::ReplyTooLarge { status: 200 }),
    ];
    for failure in failures {
        house.n8n.answer_webhooks(failure);
        let endpoint = format!("{N8N}/webhook/report?token={QUERY}");
        replies.post(house, "/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
    }
    for endpoint in [
        format!("https://{USER_INFO}:{USER_INFO}@n8n.example.com/webhook/report"),
        format!("https://unknown.example/webhook/report?token={QUERY}"),
        format!("http://private.test/?token={QUERY}"),
        format!("ftp://n8n.example.com/?token={QUERY}"),
        format!("{QUERY} is no url"),
    ] {
        replies.post(house, "/api/trigger-webhook", json!({ "endpoint": endpoint })).await;
        assert!((400..500).contains(&replies.last().status), "{:?}", replies.last());
    }
}

/// Logs in and out, changes the password, copies and regenerates the key: well, badly and through faults. Returns what
/// was shown on the way, which nothing else may show.
async fn sessions(house: &TestApp, replies: &mut Replies) -> Vec<String> {
    let mut shown = Vec::new();
    let nobody = house.acme.with_key("");
    // Not Jane: her key is what the rest of the walk goes in with.
    let editor = house.user(&house.acme, Role::Editor).await.key.username;
    for (username, password) in [
        (editor.as_str(), WRONG),
        ("nobody@acme.example", WRONG),
        (editor.as_str(), PASSWORD),
        (editor.as_str(), PASSWORD),
    ] {
        let body = json!({ "username": username, "password": password });
        let path = "/api/v1/auth/login";
        let answer = nobody.bare(Method::POST, path, Some(body.clone()), &[]).await;
        for name in ["token", "csrf_token"] {
            shown.extend(answer.json[name].as_str().map(str::to_owned));
        }
        let cut = body.to_string();
        let headers = [("content-type", "application/json")];
        replies
            .0
            .push(nobody.send(Method::POST, path, cut[..cut.len() - 1].to_owned().into(), &headers).await);
        if answer.status != 200 {
            replies.0.push(answer);
        }
    }
    let session = house.acme.with_key(&shown[0]);
    let ask = async |session: &Caller, path: &str, body: Value| {
        session.call(Method::POST, path, Some(body), &[("idempotency-key", "exec-551-0-0")]).await
    };
    let path = "/api/user/password";
    for (current, new) in [(WRONG, CHOSEN), (PASSWORD, CHOSEN), (PASSWORD, CHOSEN), (CHOSEN, "short")] {
        let body = json!({ "current_password": current, "new_password": new });
        replies.0.push(ask(&session, path, body).await);
    }
    for (round, path) in
        ["/api/user/api-key/copy", "/api/user/api-key/regenerate"].repeat(6).into_iter().enumerate()
    {
        if round == 2 {
            house.faults.set(Plan::LoseAnswers { percent: 20, seed: 2 });
        }
        let answer = ask(&session, path, Value::Null).await;
        shown.extend(answer.json["api_key"].as_str().map(str::to_owned));
    }
    house.faults.set(Plan::Calm);
    replies.0.push(session.get("/api/user/api-key").await);
    replies.0.push(session.post("/api/auth/logout", Value::Null).await);
    replies.0.push(session.get("/api").await);
    assert_eq!(replies.last().status, 403, "{:?}", replies.last());
    shown
}

/// Has n8n's credential made while n8n fails in each way that it can. Returns the keys that n8n was sent.
async fn connections(house: &TestApp, replies: &mut Replies) -> Vec<String> {
    let path = "/api/n8n/nodes/payload-review";
    for answer in [(401, "Unauthorized"), (403, "Forbidden"), (500, "Error"), (200, "<html>Sign in</html>")] {
        house.n8n.answer_api(Some(answer));
        replies.post(house, path, json!({})).await;
        assert_eq!(replies.last().json["credential"]["state"], "by_hand", "{:?}", replies.last());
    }
    house.n8n.answer_api(None);
    house.n8n.lose_next_answer();
    for state in ["by_hand", "created", "ready"] {
        replies.post(house, path, json!({})).await;
        assert_eq!(replies.last().json["credential"]["state"], state, "{:?}", replies.last());
    }
    replies.0.push(house.acme.get(path).await);
    let sent = house.network.sent_to("/api/v1/credentials").into_iter();
    sent.filter_map(|sent| sent.json()["data"]["value"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn secrets_are_in_no_reply_log_item_message_or_blob() {
    let lines = Lines(Arc::new(Mutex::new(Some(Vec::new()))));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(lines.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let house = TestApp::new().await;
    house.n8n.take_key(N8N_KEY);
    house.n8n.add_workflow("wf1", "Monthly report", "report");
    let mut replies = Replies::default();
    registrations(&house, &mut replies).await;
    decisions(&house, &mut replies).await;
    triggers(&house, &mut replies).await;
    let mut shown = sessions(&house, &mut replies).await;
    shown.extend(echoes::browsers(&house, &mut replies).await);
    assert!(shown.len() >= 6, "two logins, a key that was copied and one that was made: {}", shown.len());
    let made = connections(&house, &mut replies).await;
    assert!(made.len() > 4, "{} keys were sent", made.len());
    echoes::of_n8n(&house, &mut replies).await;
    echoes::panics(&house, &mut replies).await;
    house.faults.set(Plan::LoseAnswers { percent: 50, seed: 1 });
    registrations_through_faults(&house, &mut replies).await;
    house.faults.set(Plan::Calm);
    let mut messages = dump::messages(&house.file).await.unwrap();
    house.advance(Duration::from_secs(3600));
    pass(&house, 60).await;
    messages.extend(dump::messages(&house.file).await.unwrap());

    let key = house.acme.text.clone();
    let log = String::from_utf8(lines.0.lock().unwrap().take().unwrap()).unwrap();
    let items = dump::items(&house.file).await.unwrap();
    assert!(
        log.contains("resume attempt ended") && log.contains("TRACE") | log.contains("DEBUG"),
        "no log was kept"
    );
    assert!(items.len() > 30 && replies.0.len() > 40, "{} items, {} replies", items.len(), replies.0.len());
    let known = [N8N_KEY, SIGNATURE, QUERY, USER_INFO, PASSWORD, WRONG, CHOSEN, &key];
    for secret in known.into_iter().chain(shown.iter().chain(&made).map(String::as_str)) {
        for reply in &replies.0 {
            let headers = format!("{:?}", reply.headers);
            assert!(!reply.text.contains(secret) && !headers.contains(secret), "{secret} in {reply:?}");
        }
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} in the log: {line:?}");
        for item in &items {
            assert!(!format!("{item:?}").contains(secret), "{secret} in {item:?}");
        }
        assert!(!messages.iter().any(|message| message.contains(secret)), "{secret} in a message");
        for (name, body) in house.faults.blobs() {
            assert!(
                !name.contains(secret) && !String::from_utf8_lossy(&body).contains(secret),
                "{secret} in {name}"
            );
        }
    }
}

/// Registers while half of the store's answers are lost.
async fn registrations_through_faults(house: &TestApp, replies: &mut Replies) {
    for _ in 0..10 {
        replies.post(house, "/api/installs/register", register(&json!(N8N_KEY))).await;
    }
}
