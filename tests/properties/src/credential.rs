//! API keys, the headers that carry a credential, and session tokens.

use http::{HeaderMap, HeaderValue};

use super::lines;
use shared::{
    domain::{
        api_key::{self, PREFIX},
        session::SessionRef,
    },
    http::peer::Peer,
    ids::base62,
    parsers::{
        credential::{Sent, sent},
        tokens::{self, Claims},
    },
};

const HEADERS: [&str; 3] = ["x-api-key", "authorization", "cookie"];

/// A key is read exactly where this code could have written it, a credential is a part of the header that it came in, and
/// no token opens that was not signed here.
pub fn credential(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        key(text);
        session(text);
    }
    written_key(data);
    header(data);
}

/// The form of a key once more: prefix, 30 characters, and the CRC-32 of those in six.
fn is_key(text: &str) -> bool {
    text.len() == PREFIX.len() + 36
        && text.is_ascii()
        && text.starts_with(PREFIX)
        && text[PREFIX.len()..].bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text[PREFIX.len() + 30..] == checksum(&text[PREFIX.len()..PREFIX.len() + 30])
}

fn checksum(random: &str) -> String {
    format!("{:0>6}", base62(u64::from(crc32fast::hash(random.as_bytes()))))
}

fn key(text: &str) {
    let hash = api_key::hash(text);
    assert_eq!(hash.is_some(), is_key(text), "{text}");
    if let Some(hash) = hash {
        assert_eq!(hash, api_key::hash_of(&text.into()));
    }
}

fn written_key(data: &[u8]) {
    if data.len() < 3 {
        return;
    }
    let key = generate(data);
    assert!(is_key(&key), "{key}");
    assert!(api_key::hash(&key).is_some(), "{key}");
    // One character written wrong.
    let at = PREFIX.len() + usize::from(data[0]) % (key.len() - PREFIX.len());
    let mut wrong = key.clone().into_bytes();
    wrong[at] = data[1];
    if let Ok(wrong) = String::from_utf8(wrong)
        && wrong != key
    {
        assert_eq!(api_key::hash(&wrong), None, "{key} and {wrong}");
    }
}

/// The key whose random part the input tells.
fn generate(data: &[u8]) -> String {
    let random: String = data.iter().cycle().take(30).map(|byte| base62(u64::from(byte % 62))).collect();
    format!("{PREFIX}{random}{}", checksum(&random))
}

/// The lines of the input as the values of the headers that may carry a credential.
fn header(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for (name, value) in HEADERS.into_iter().zip(lines::<3>(data)).filter(|(_, value)| !value.is_empty()) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    let shown = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for https in [false, true] {
        let found = sent(&headers, Peer { address: None, https });
        match found {
            Some(Sent::Header(text)) => {
                assert!(!text.is_empty() && text.trim() == text, "{text:?}");
                let key = shown("x-api-key").trim();
                if key.is_empty() {
                    let (scheme, token) = shown("authorization").trim().split_once(' ').unwrap_or_default();
                    assert!(scheme.eq_ignore_ascii_case("bearer"), "{scheme}");
                    assert_eq!(token.trim(), text);
                } else {
                    assert_eq!(key, text);
                }
            }
            Some(Sent::Cookie(text)) => {
                assert!(shown("x-api-key").trim().is_empty());
                let name = if https { "__Host-baton_session=" } else { "baton_session=" };
                assert!(shown("cookie").contains(&format!("{name}{text}")), "{text}");
                assert!(!text.is_empty() && !text.contains(';'), "{text}");
            }
            None => assert!(shown("x-api-key").trim().is_empty()),
        }
        // `Debug` is what a log would show of it.
        assert!(["None", "Some(Header)", "Some(Cookie)"].contains(&&*format!("{found:?}")));
    }
}

const KEY: &str = "a key of the session";

fn session(text: &str) {
    if let Ok(place) = text.parse::<SessionRef>() {
        assert_eq!(place.to_string().parse(), Ok(place), "{text}");
        signed(&place, text);
    }
    if let Some(place) = tokens::place(text) {
        assert!(tokens::looks_like_one(text), "{text}");
        assert_eq!(place.to_string().parse(), Ok(place));
    }
    // A token that opens is one of the few that this code signed with the same key: none of them is an input.
    if let Some(claims) = tokens::open(text, KEY) {
        let place = tokens::place(text);
        let again = place.and_then(|place| tokens::sign(&place, KEY, &claims).ok());
        assert_eq!(again.as_deref(), Some(text), "a token that was not signed here");
    }
}

fn signed(place: &SessionRef, text: &str) {
    let claims = Claims { sub: text.to_owned(), jti: text.to_owned(), iat: 0, exp: i64::MAX };
    let Ok(token) = tokens::sign(place, KEY, &claims) else { return };
    assert_eq!(tokens::place(&token), Some(*place));
    assert_eq!(tokens::open(&token, KEY), Some(claims));
    assert_eq!(tokens::open(&token, text), None, "another key opens it");
}
