//! The headers that a Wait node with an authentication of its own asks its callers for.
//!
//! Its one rule: they are secrets. They are checked when they come, kept sealed, and never shown.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    error::{Error, Result},
    json::{self, Kind, Part},
};

const MOST: usize = 5;
const LONGEST_NAME: usize = 100;
const LONGEST_VALUE: usize = 2000;

/// What the call itself is made of.
const TAKEN: [HeaderName; 10] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::EXPECT,
    header::TE,
    HeaderName::from_static("idempotency-key"),
];

/// Reads what a caller sent: an object of names and texts. The text to be sealed; none where it is empty.
///
/// # Errors
/// In words for the caller, without what was sent.
pub fn read(sent: Part<'_>) -> std::result::Result<Option<SecretString>, String> {
    if !sent.is_object() {
        return Err("must be an object of header names and texts".into());
    }
    let mut headers = BTreeMap::new();
    for (name, value) in sent.members() {
        let Kind::Text(value) = value.kind() else { return Err("must hold texts only".into()) };
        let known = HeaderName::try_from(&*name).ok().filter(|_| name.len() <= LONGEST_NAME);
        let Some(name) = known else { return Err("holds what is no name of a header".into()) };
        if TAKEN.contains(&name) {
            return Err(format!("must not hold {name}"));
        }
        if value.len() > LONGEST_VALUE || HeaderValue::try_from(&*value).is_err() {
            return Err(format!("holds what is no value of a header, in {name}"));
        }
        headers.insert(name.to_string(), value.into_owned());
    }
    if headers.len() > MOST {
        return Err(format!("must hold at most {MOST} headers"));
    }
    let text = (!headers.is_empty()).then(|| serde_json::to_string(&headers)).transpose();
    text.map(|text| text.map(SecretString::from)).map_err(|error| error.to_string())
}

/// The headers, once their text was opened.
pub fn unsealed(text: &SecretString) -> Result<HeaderMap> {
    let sealed: BTreeMap<String, String> = json::from_str(text.expose_secret()).map_err(Error::internal)?;
    let mut headers = HeaderMap::new();
    for (name, value) in sealed {
        let name = HeaderName::try_from(name).map_err(Error::internal)?;
        let mut value = HeaderValue::try_from(value).map_err(Error::internal)?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: &str) -> std::result::Result<Option<SecretString>, String> {
        read(json::text(sent.as_bytes()).unwrap().root())
    }

    #[test]
    fn what_was_read_is_sent_and_not_printed() {
        let sealed = of(r#"{"X-Wait-Key":"s3cret-value","authorization":"Basic dTpw"}"#).unwrap().unwrap();
        let headers = unsealed(&sealed).unwrap();
        assert_eq!((headers.len(), &headers["x-wait-key"]), (2, &HeaderValue::from_static("s3cret-value")));
        assert!(!format!("{sealed:?}{headers:?}").contains("s3cret-value"));
        assert!(of("{}").unwrap().is_none());
    }

    #[test]
    fn what_is_no_header_or_frames_the_call_is_refused_without_being_repeated() {
        for sent in [
            r#"["s3cret"]"#,
            r#"{"a b":"s3cret"}"#,
            r#"{"x-a":"s3cret\n"}"#,
            r#"{"x-a":1}"#,
            r#"{"Host":"s3cret"}"#,
            r#"{"idempotency-key":"s3cret"}"#,
            r#"{"a":"1","b":"1","c":"1","d":"1","e":"1","f":"1"}"#,
        ] {
            let why = of(sent).unwrap_err();
            assert!(!why.contains("s3cret"), "{why}");
        }
    }
}
