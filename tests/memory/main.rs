//! Peak allocation while what others wrote is read and handled: at most 1 MB and eight times the text, whatever its shape.
//!
//! A program of its own and no harness around it: the allocator counts everything that the process holds.

use std::{fmt::Write as _, sync::LazyLock, time::Duration};

use axum::{Router, body::Body};
use harness::{
    N8N, TestApp, roles,
    samples::{Sample, samples, scene_with},
};
use http::{Method, Request};
use http_body_util::BodyExt;
use peak_alloc::PeakAlloc;
use serde_json::json;
use shared::{app::SharedApp, http::layers};
use tower::ServiceExt;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Of each hostile text. What grows with the text tells the same of one that is larger.
const BYTES: usize = 512 * 1024;
/// What a request may need whatever its size: half of the megabyte that is promised, as is the text.
const BESIDE: usize = 512 * 1024;
const TIMES: usize = 8;
/// Fields that take any JSON, or take apart what they are sent.
const FREE: [&str; 16] = [
    "payload",
    "data",
    "execution_data",
    "line_items",
    "custom_data",
    "content",
    "context",
    "message_context",
    "system_prompt",
    "columns",
    "ids",
    "options",
    "title",
    "username",
    "email",
    "z",
];

/// The value again and again, as many as fit.
fn list(value: &str) -> String {
    let mut text = String::from("[");
    while text.len() + value.len() + 2 < BYTES {
        text.push_str(value);
        text.push(',');
    }
    text.pop();
    text.push(']');
    text
}

fn object(member: impl Fn(usize) -> String) -> String {
    let mut text = String::from("{");
    for n in 0.. {
        let member = member(n);
        if text.len() + member.len() + 2 >= BYTES {
            break;
        }
        text.push_str(&member);
        text.push(',');
    }
    text.pop();
    text.push('}');
    text
}

/// Values that are small as text and large as a tree, or costly to look at.
fn hostile() -> Vec<(&'static str, String)> {
    let deep = format!("{}{}", "[".repeat(95), "]".repeat(95));
    vec![
        ("objects", list("{\"\":0}")),
        ("lists", list("[]")),
        ("texts", list("\"\"")),
        ("numbers", list("0")),
        ("long numbers", list("340282366920938463463374607431768211456")),
        ("deep lists", list(&deep)),
        ("many members", object(|n| format!("\"{n:x}\":0"))),
        ("one member", object(|_| "\"a\":0".into())),
        ("a long text", format!("\"{}\"", "a".repeat(BYTES - 2))),
        ("escapes", format!("\"{}\"", "\\n".repeat(BYTES / 2 - 1))),
        ("half pairs", format!("\"{}\"", "\\ud83d".repeat(BYTES / 6 - 1))),
        (
            "text that holds objects",
            json!(list("{}").replace("{}", "{\"\":0}")[..BYTES / 2].to_owned() + "0]").to_string(),
        ),
        ("text that holds a list", json!(list("0")).to_string()),
    ]
}

/// The most that the process held above what it held before.
async fn peak<T>(work: impl Future<Output = T>) -> (T, usize) {
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    let done = work.await;
    (done, ALLOCATED.peak_usage().saturating_sub(before))
}

/// What a password is hashed in, whoever sends it.
const HASH: usize = 19 * 1024 * 1024;

fn check(what: &str, text: usize, peak: usize, over: &mut String) {
    if peak > BESIDE + TIMES * text {
        let _ = writeln!(over, "{what}: {peak} bytes for {text}, {:.1} times", peak as f64 / text as f64);
    }
}

/// The house as it stands, without the harness that reads every answer into a tree.
fn service(house: &TestApp) -> layers::Platform {
    static ROUTER: LazyLock<Router<SharedApp>> = LazyLock::new(|| local_host::router().into());
    layers::platform(ROUTER.clone(), house.app.clone())
}

/// Sends a body as it is. Of the answer only the status is looked at.
async fn send(house: &TestApp, sample: &Sample, caller: &harness::Caller, body: Vec<u8>) -> u16 {
    let (method, path) = (sample.method(), sample.path.clone());
    let request = Request::builder().method(&method).uri(&path).header("content-type", "application/json");
    let request = request.header("x-api-key", &caller.text).body(Body::from(body)).unwrap();
    let function = roles::function_of(method.as_str(), path.split('?').next().unwrap());
    let response = roles::acting(function, service(house).oneshot(request)).await.unwrap();
    let status = response.status().as_u16();
    drop(response.into_body().collect().await);
    status
}

/// Fields that a sample does without.
fn of_operation(operation: &str) -> &'static [&'static str] {
    match operation {
        "create_invoice" | "update_invoice" => &["line_items", "custom_data"],
        "log_chat_message" => &["content", "context", "message_context", "system_prompt"],
        "update_payload" => &["payload"],
        _ => &[],
    }
}

/// The sample's body with this value in each of the fields that may keep it, and in one that nobody knows.
fn bodies(sample: &Sample, value: &str) -> Vec<String> {
    let own = of_operation(sample.route.operation);
    let takes = |name: &&str| *name == "z" || sample.body.get(*name).is_some() || own.contains(name);
    let body = |name: &str| {
        let mut rest = sample.body.clone();
        rest.as_object_mut().unwrap().remove(name);
        let mut body = rest.to_string();
        body.pop();
        let comma = if body.len() > 1 { "," } else { "" };
        format!("{body}{comma}\"{name}\":{value}}}")
    };
    FREE.into_iter().filter(takes).map(body).collect()
}

async fn requests(over: &mut String) {
    let house = Box::pin(scene_with(harness::settings())).await;
    // The routes stand before the first request comes; they are no cost of it.
    drop(service(&house));
    let values = hostile();
    for sample in samples(&house).iter().filter(|sample| sample.has_body()) {
        let caller = sample.caller(&house).await;
        for (shape, value) in &values {
            for body in bodies(sample, value).into_iter().chain([value.clone()]) {
                let bytes = body.len();
                let (status, peak) = peak(send(&house, sample, &caller, body.into_bytes())).await;
                assert!(status < 500 || status == 502, "{}: {shape}: {status}", sample.path);
                let hashes = ["change_password", "login"].contains(&sample.route.operation);
                let peak = if hashes { peak.saturating_sub(HASH) } else { peak };
                check(&format!("{} {shape}", sample.route.operation), bytes, peak, over);
                house.advance(Duration::from_secs(2));
            }
        }
    }
}

/// What n8n answers: to a trigger, to a listing, to what is asked of its credentials, to a poll.
async fn answers(over: &mut String) {
    for (shape, value) in hostile() {
        for answer in [
            value.clone(),
            format!("{{\"data\":{value},\"id\":{value},\"nextCursor\":null}}"),
            format!("{{\"data\":[{{\"id\":\"1\",\"name\":{value},\"nodes\":{value}}}],\"message\":{value}}}"),
            format!(
                "{{\"data\":{{\"resultData\":{{\"runData\":{value}}}}},\"id\":\"7\",\"status\":\"success\"}}"
            ),
        ] {
            let house = TestApp::new().await;
            house.register(&house.acme).await;
            house.drain().await;
            house.n8n.answer_api(Some((200, &answer)));
            house.n8n.answer_webhooks(Ok((200, &answer)));
            let installation = house.register(&house.acme).await;
            let bytes = answer.len();
            let held = peak(house.live(Duration::from_secs(8))).await.1;
            check(&format!("n8n's list of {shape}"), bytes, held, over);
            let trigger = json!({ "endpoint": format!("{N8N}/webhook/a") });
            for status in [200, 400] {
                house.n8n.answer_webhooks(Ok((status, &answer)));
                let held = peak(post(&house, "/api/trigger-webhook", &trigger)).await.1;
                check(&format!("a webhook's answer {status} of {shape}"), bytes, held, over);
            }
            let node = json!({ "installation_id": installation, "credential": true });
            let held = peak(post(&house, "/api/n8n/nodes/payload", &node)).await.1;
            check(&format!("n8n's credentials of {shape}"), bytes, held, over);
        }
    }
}

async fn post(house: &TestApp, path: &str, body: &serde_json::Value) -> u16 {
    let request =
        Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
    let request = request.header("x-api-key", &house.acme.text).body(Body::from(body.to_string())).unwrap();
    let response = roles::acting(roles::function_of("POST", path), service(house).oneshot(request)).await;
    let response = response.unwrap();
    let status = response.status().as_u16();
    drop(response.into_body().collect().await);
    status
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut over = String::new();
    runtime.block_on(async {
        requests(&mut over).await;
        answers(&mut over).await;
    });
    assert!(over.is_empty(), "{over}");
}
