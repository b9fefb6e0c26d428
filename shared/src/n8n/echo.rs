//! What n8n says of a call, fit to be stored and shown.
//!
//! Its one rule: an answer may repeat what the call was sent (proxies and workflows do), so the secrets of the call are
//! blanked in it before it is cut to a length.

use std::borrow::Cow;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::json;

/// Shorter values are words and numbers, which would be blanked where they mean something else.
const SHORTEST: usize = 8;
const BLANK: &str = "…";
const MESSAGE_CHARS: usize = 200;
/// Of an answer as much is looked at, however long it is.
const LOOKED_AT: usize = 4096;

/// The secrets of one call. `Debug` shows none.
#[derive(Default)]
pub struct Confidential(Vec<SecretString>);

impl Confidential {
    /// What a URL tells only whom it calls: its query, as it is written and as it is meant.
    pub fn of_url(url: &Url) -> Self {
        let mut all = Self::default();
        let query = url.query().unwrap_or_default();
        all.add(query);
        // Not side by side: between two `&` there is a part, and no pair.
        for part in query.split('&') {
            all.add(part.split_once('=').map_or(part, |(_, value)| value));
        }
        for (_, value) in url.query_pairs() {
            all.add(&value);
        }
        all
    }

    /// A key that is sent beside the URL.
    pub fn of_key(key: &SecretString) -> Self {
        let mut all = Self::default();
        all.add(key.expose_secret());
        all
    }

    /// Headers that are sent beside the URL.
    pub fn add_headers(&mut self, headers: &HeaderMap) {
        for value in headers.values() {
            self.add(&String::from_utf8_lossy(value.as_bytes()));
        }
    }

    fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.push(secret.into());
            let shown = without_controls(secret);
            if shown != secret && shown.len() >= SHORTEST {
                self.0.push(shown.into());
            }
            // Of two secrets one may hold the other: the longer goes first.
            self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        }
    }

    /// The text without the secrets.
    pub fn blank(&self, text: &str) -> String {
        let blank = |text: String, secret: &SecretString| text.replace(secret.expose_secret(), BLANK);
        self.0.iter().fold(text.to_owned(), blank)
    }

    /// The value without the secrets, in names and in texts.
    pub fn blank_json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.blank(&text)),
            Value::Array(all) => all.into_iter().map(|value| self.blank_json(value)).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(name, value)| (self.blank(&name), self.blank_json(value))).collect()
            }
            other => other,
        }
    }

    /// n8n's own sentence, or the beginning of whatever answered, without markup.
    pub fn message(&self, body: &[u8]) -> String {
        let said = json::text(body).ok();
        let said = said.and_then(|said| said.root().get("message")?.text().map(Cow::into_owned));
        let text = said.unwrap_or_else(|| {
            let text = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body)).into_owned();
            if text.trim_start().starts_with('<') { "an HTML page".into() } else { text }
        });
        // Line breaks go first: a secret that was broken into lines is whole again without them.
        let text = without_controls(&text);
        let looked_at = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or(&text);
        let mut shown = self.blank(looked_at);
        if looked_at.len() < text.len() || body.len() > LOOKED_AT {
            // Half a secret at the cut was not blanked.
            let begun = self.0.iter().map(|secret| begun(&shown, secret.expose_secret())).max();
            shown.truncate(shown.len() - begun.unwrap_or(0));
        }
        shown.chars().take(MESSAGE_CHARS).collect()
    }
}

/// How many bytes at the end of a text are the beginning of a secret, and not the whole of it.
fn begun(text: &str, secret: &str) -> usize {
    let most = text.len().min(secret.len() - 1);
    (1..=most).rev().find(|&n| secret.get(..n).is_some_and(|begin| text.ends_with(begin))).unwrap_or(0)
}

fn without_controls(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Confidential {
        Confidential::of_url(&Url::parse(text).unwrap())
    }

    #[test]
    fn what_the_query_holds_is_blanked_however_it_is_written() {
        let secrets = url("https://n8n.example.com/x?signature=s3cr%2Ft-one&n=3&token=longer-s3cr%2Ft-one");
        for said in [
            "no s3cr/t-one",
            "no s3cr%2Ft-one",
            "GET /x?signature=s3cr%2Ft-one&n=3&token=longer-s3cr%2Ft-one",
        ] {
            let shown = secrets.message(json!({ "message": said }).to_string().as_bytes());
            assert!(!shown.contains("s3cr") && shown.contains(BLANK), "{shown}");
        }
        assert_eq!(secrets.blank("longer-s3cr/t-one"), BLANK);
        assert_eq!(secrets.message(b"3 nodes failed"), "3 nodes failed");
    }

    #[test]
    fn a_secret_in_two_lines_is_blanked() {
        let key = SecretString::from("k3y-of-n8n-0123456789");
        let said = json!({ "message": "no k3y-of-n8n-\r\n0123456789" }).to_string();
        assert_eq!(Confidential::of_key(&key).message(said.as_bytes()), "no …");
        let two_lines = url("https://n8n.example.com/?t=canary%0D%0A12345678");
        assert_eq!(two_lines.message(b"no canary\r\n12345678"), "no …");
    }

    #[test]
    fn a_query_with_empty_parts_hides_as_much() {
        let secrets = url("https://n8n.example.com/x?&&n=3&&signature=s3cr%2Ft-one");
        for said in ["no s3cr/t-one", "no s3cr%2Ft-one"] {
            assert_eq!(secrets.message(said.as_bytes()), "no …");
        }
    }

    /// A secret that stands across the cut would show its beginning.
    #[test]
    fn a_message_is_blanked_before_it_is_cut() {
        let key = SecretString::from("k3y-of-n8n-0123456789");
        for before in 170..210 {
            let shown = Confidential::of_key(&key)
                .message(format!("{}k3y-of-n8n-0123456789", "x".repeat(before)).as_bytes());
            assert!(!shown.contains("k3") && shown.chars().count() <= MESSAGE_CHARS, "{before}: {shown}");
        }
    }

    /// A secret of any length stands at the end of what is looked at, behind so many others that the end is shown.
    #[test]
    fn half_a_secret_at_the_end_of_what_is_looked_at_is_not_shown() {
        let (short, long) = ("s".repeat(30), "long".repeat(1_000));
        let secrets = url(&format!("https://n8n.example.com/x?a={short}&b={long}"));
        for said in [format!("{}{long}", short.repeat(60)), format!("{}{long}", short.repeat(LOOKED_AT / 30))]
        {
            for body in [said.clone(), json!({ "message": said }).to_string()] {
                let shown = secrets.message(body.as_bytes());
                assert!(!shown.contains("long") && !shown.contains("ss"), "{shown}");
            }
        }
    }

    #[test]
    fn names_and_nested_texts_are_blanked() {
        let shown = url("https://n8n.example.com/?t=canary-1234").blank_json(json!({
            "a": ["canary-1234", 7, null], "canary-1234": { "b": "x canary-1234 y" },
        }));
        assert_eq!(shown, json!({ "a": [BLANK, 7, null], BLANK: { "b": format!("x {BLANK} y") } }));
    }

    #[test]
    fn a_page_is_called_a_page() {
        assert_eq!(Confidential::default().message(b"  <html>Bad gateway"), "an HTML page");
        assert_eq!(Confidential::default().message(b"two\nlines"), "twolines");
    }
}
