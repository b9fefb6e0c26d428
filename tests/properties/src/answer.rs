//! What an n8n answers, and how it is shown.

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::lines;
use shared::n8n::{
    answer::{Answer, ResumeAnswer},
    echo::Confidential,
};

/// The shortest secret that is blanked.
const SHORTEST: usize = 8;

/// No answer that repeats the secrets of a call shows them, and only a plain yes is a yes. Input: a query or key on the
/// first line, the answer behind it.
pub fn answer(data: &[u8]) {
    let [secret, body] = lines::<2>(data);
    meaning(body);
    let Ok(secret) = std::str::from_utf8(secret) else { return };
    key(secret, body);
    query(secret, body);
}

fn meaning(body: &[u8]) {
    for status in 0..=599 {
        let answer = Answer::classify(status, body);
        if answer == ResumeAnswer::Resumed {
            assert!((200..=299).contains(&status), "{status}");
            assert!(!body.trim_ascii_start().starts_with(b"<html"));
        }
        if (500..=599).contains(&status) {
            assert_eq!(answer, ResumeAnswer::TryLater, "{status}");
        }
    }
}

/// Whether a text is a secret that a header may carry and that is long enough to be blanked. One that holds the mark
/// for what was blanked would be found between two marks.
fn blankable(secret: &str) -> bool {
    secret.len() >= SHORTEST && !secret.contains('…')
}

fn key(key: &str, body: &[u8]) {
    if !blankable(key) {
        return;
    }
    let secrets = Confidential::of_key(&SecretString::from(key));
    hides(&secrets, key, body);
    hides(&secrets, key, format!("a{key}{}", String::from_utf8_lossy(body)).as_bytes());
}

fn query(query: &str, body: &[u8]) {
    let Ok(url) = Url::parse(&format!("https://n8n.example.com/webhook-waiting/1?{query}")) else { return };
    let secrets = Confidential::of_url(&url);
    let written = url.query().unwrap_or_default();
    let values =
        written.split('&').map(|part| part.split_once('=').map_or(part, |(_, value)| value).to_owned());
    let meant = url.query_pairs().map(|(_, value)| value.into_owned());
    for value in values.chain(meant).filter(|value| blankable(value)) {
        hides(&secrets, &value, body);
        hides(&secrets, &value, format!("no {value}").as_bytes());
    }
}

fn hides(secrets: &Confidential, secret: &str, body: &[u8]) {
    let shown = secrets.message(body);
    assert!(!shown.contains(secret), "{secret:?} in {shown:?}");
    assert!(shown.chars().count() <= 200 && !shown.contains(char::is_control), "{shown:?}");
    if let Some(value) = standins::json(body) {
        let blanked = secrets.blank_json(value);
        texts(&blanked, &mut |text| assert!(!text.contains(secret), "{secret:?} in {text:?}"));
    }
}

fn texts(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(all) => all.iter().for_each(|value| texts(value, see)),
        Value::Object(map) => map.iter().for_each(|(name, value)| {
            see(name);
            texts(value, see);
        }),
        _ => {}
    }
}
