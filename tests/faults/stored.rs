//! Everything that is stored, as lines that are the same in every run that came to the same end.
//!
//! Its one rule: only what must differ from one run to the next is left out: times, ids, hashes, what is sealed, how often
//! something was tried. All else has to be equal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use standins::dump;

use harness::{TestApp, footprint::shown};

/// Partitions that keep time: limits, and what was read of the due index.
const TIMERS: [&str; 3] = ["G#login-failures#", "G#watermark#", "#rate#"];
/// Partitions whose sums are spread over shards by the ids of what is added.
const SUMS: [&str; 5] = ["#usage-day#", "#usage-unpriced", "#usage-workflow", "#chat-sums", "#media-stats"];
/// How often something was tried, or when: a death makes it more, and later.
const TRIES: [&str; 8] =
    ["v", "last_step", "attempts", "failures", "polls", "listing_attempts", "generation", "due_at"];
/// What comes out of the random source, too short to be known for it.
const RANDOM: [&str; 5] = ["last4", "last_four", "password_hash", "due_shard", "version"];
/// Ten days: a debt beyond is not one that time should have paid.
const FAR: i64 = 10 * 24 * 3_600_000;

/// One line for each item that keeps more than time.
pub async fn stored(house: &TestApp) -> Vec<String> {
    let items = shown(dump::items(&house.file).await.unwrap());
    let (mut lines, mut sums) = (Vec::new(), BTreeMap::<String, Map<String, Value>>::new());
    for item in items.iter().filter(|item| !TIMERS.iter().any(|timer| item.pk.contains(timer))) {
        let body: Map<String, Value> = serde_json::from_str(&item.body).unwrap();
        let sharded = item.sk.rsplit_once('#').map_or("", |(unsharded, _)| unsharded);
        let counts = item.pk.ends_with("#collection") && item.sk.contains('#');
        if counts || SUMS.iter().any(|sum| item.pk.contains(sum)) {
            add(sums.entry(plain(&format!("{} / {sharded}", item.pk))).or_default(), &body);
            continue;
        }
        let shown = if item.pk.contains("#idempotency#") { outcome(&body) } else { steady(&body.into()) };
        lines.push(plain(&format!("{} / {} = {shown}", item.pk, item.sk)));
    }
    lines.extend(
        sums.into_iter().map(|(key, sum)| format!("{key} = {}", plain(&Value::from(sum).to_string()))),
    );
    lines.sort();
    lines
}

/// What is owed and should have been paid. Looks at workflows go on for as long as there are alerts, and an upload has an hour.
pub async fn owed(house: &TestApp) -> Vec<dump::StoredItem> {
    let soon = house.app.now().0 + FAR;
    let items = dump::items(&house.file).await.unwrap();
    let is_later =
        |item: &dump::StoredItem| item.pk.contains("#vitals#") || item.body.contains("drop_upload");
    items.into_iter().filter(|item| !is_later(item) && item.due_at.is_some_and(|at| at < soon)).collect()
}

/// The contents of all blobs that were ever put.
pub fn blobs(house: &TestApp) -> BTreeSet<String> {
    let blobs = house.faults.blobs();
    blobs.iter().map(|(key, body)| plain(&format!("{key} = {}", String::from_utf8_lossy(body)))).collect()
}

/// What was done outside: the decisions that n8n took, the credentials that it holds, and how many different calls reached
/// each address under a key of their own. A call that is repeated under its key is the same call.
pub fn outside(house: &TestApp, execution: u64) -> Vec<String> {
    let decisions = house.n8n.execution(execution).map(|execution| execution.decisions);
    let mut calls = BTreeMap::<String, BTreeSet<String>>::new();
    for sent in house.network.sent() {
        if let Some(key) = sent.headers.get("idempotency-key") {
            let call = format!("{} {}", sent.method, sent.url.path());
            calls.entry(call).or_default().insert(key.to_str().unwrap().to_owned());
        }
    }
    let mut lines: Vec<_> =
        calls.iter().map(|(call, keys)| format!("{call} under {} keys", keys.len())).collect();
    lines.push(plain(&format!("decisions {decisions:?}")));
    lines.push(format!("{} credentials", house.n8n.credentials().len()));
    lines
}

/// A begun effect whose end is not known is not the same as an answer; what the answer said is looked at elsewhere.
fn outcome(body: &Map<String, Value>) -> String {
    match body["outcome"].get("replied") {
        Some(replied) => format!("replied {}", replied["status"]),
        None => "begun".into(),
    }
}

/// Adds the numbers of one shard to those of the others.
fn add(sum: &mut Map<String, Value>, shard: &Map<String, Value>) {
    for (name, value) in shard {
        match value.as_i64() {
            Some(0) => {}
            Some(number) => {
                let sum = sum.entry(name).or_insert(0.into());
                *sum = (sum.as_i64().unwrap() + number).into();
            }
            None => drop(sum.insert(name.clone(), value.clone())),
        }
    }
    sum.retain(|name, value| *value != 0 && name != "ttl");
}

/// A value without what counts tries and what is random.
fn steady(value: &Value) -> String {
    fn steady(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = map.iter().filter(|(name, _)| !TRIES.contains(&name.as_str()));
                let kept = kept.map(|(name, value)| {
                    let hidden = name.starts_with("sealed") || RANDOM.contains(&name.as_str());
                    (name.clone(), if hidden { Value::Bool(true) } else { steady(value) })
                });
                Value::Object(kept.collect())
            }
            Value::Array(all) => all.iter().map(steady).collect(),
            other => other.clone(),
        }
    }
    steady(value).to_string()
}

/// A text without times, ids and hashes.
pub fn plain(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let taken = if let Some(length) = time(rest) {
            plain.push('@');
            length
        } else if digits >= 9 || word >= 30 {
            plain.push('#');
            word
        } else {
            let taken = if word == 0 { first.len_utf8() } else { word };
            plain.push_str(&rest[..taken]);
            taken
        };
        rest = &rest[taken..];
    }
    plain
}

/// The length of the time that a text begins with.
fn time(text: &str) -> Option<usize> {
    let shape = b"0000-00-00T00:00:00";
    let bytes = text.as_bytes().get(..shape.len())?;
    let fits = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    let end = text.find('Z')?;
    (bytes.iter().zip(shape).all(fits) && end < 28).then_some(end + 1)
}

#[test]
fn what_differs_between_runs_is_taken_out_and_nothing_else() {
    let hash = "0123456789abcdef0123456789abcdef";
    assert_eq!(
        plain(&format!("at 2025-01-21T10:30:00.123Z by {hash}, {}", 1_737_455_400_123_i64)),
        "at @ by #, #"
    );
    assert_eq!(
        plain("INV-2025-002 of 2025-01-21, 42 × 12500 über"),
        "INV-2025-002 of 2025-01-21, 42 × 12500 über"
    );
    let mut sum = Map::new();
    for shard in [r#"{"user":1,"name":"a","bot":0}"#, r#"{"user":2,"bot":-1}"#, r#"{"bot":1}"#] {
        add(&mut sum, &serde_json::from_str(shard).unwrap());
    }
    assert_eq!(Value::from(sum), serde_json::json!({ "user": 3, "name": "a" }));
    let item = serde_json::json!({ "v": 3, "a": { "attempts": 2, "state": "resumed" }, "sealed_x": "1.a.b" });
    assert_eq!(steady(&item), r#"{"a":{"state":"resumed"},"sealed_x":true}"#);
}
