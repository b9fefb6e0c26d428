//! The singular wrapper of dialect C: a body's fields may stand in an object that is called like the thing,
//! `{"lead": {"first_name": …}}`, or beside nothing at the top.
//!
//! Its one rule: what is not such a wrapper is left as it is, and judged by whoever reads it.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use http::Extensions;

use crate::{
    http::routes::Route,
    json::{self, Part},
};

/// The body as it would have been sent without the wrapper. Fields that stand beside the wrapper stay, and of a field that
/// is in both places the inner one counts.
///
/// A body that has none is given back untouched, and so is one that cannot be read: its reader says why.
pub fn unwrapped(body: Bytes, singular: &str) -> Bytes {
    // Looking for the name first spares most bodies a second reading. Behind a backslash it may be spelt otherwise.
    if !contains(&body, singular.as_bytes()) && !body.contains(&b'\\') {
        return body;
    }
    let Ok(document) = json::document(&body) else { return body };
    let root = Part::cut(&document);
    let Some(inner) = root.get(singular).filter(|inner| inner.is_object()) else { return body };
    let outer = root.members().filter(|(name, _)| name != singular).collect::<Vec<_>>();
    if outer.is_empty() {
        return document.slice_ref(inner.as_str().as_bytes());
    }
    joined(&outer, inner)
}

/// The body as its route's handler reads it. The route travels with the request.
pub(crate) fn of_route(extensions: &Extensions, body: Bytes) -> Bytes {
    let route = extensions.get::<&'static Route>().filter(|route| route.dialect.singular_wrapper);
    match route.and_then(|route| route.singular) {
        Some(singular) => unwrapped(body, singular),
        None => body,
    }
}

/// Both as one object. Of several members of one name the last counts, so the inner ones come last.
fn joined(outer: &[(Cow<'_, str>, Part<'_>)], inner: Part<'_>) -> Bytes {
    let mut all = BytesMut::new();
    all.put_u8(b'{');
    for (name, value) in outer {
        let name = serde_json::Value::from(name.as_ref()).to_string();
        all.put_slice(name.as_bytes());
        all.put_u8(b':');
        all.put_slice(value.as_str().as_bytes());
        all.put_u8(b',');
    }
    let fields = inner.as_str().trim_start_matches('{').trim_start();
    if fields.starts_with('}') {
        // After the last comma nothing may follow but a member.
        all.truncate(all.len() - 1);
    }
    all.put_slice(fields.as_bytes());
    all.freeze()
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    !word.is_empty() && text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_is_taken_off_and_nothing_else_is() {
        for (sent, read) in [
            (r#"{"lead":{"name":"Ada"}}"#, r#"{"name":"Ada"}"#),
            (r#" { "lead" : {"name":"Ada"} } "#, r#"{"name":"Ada"}"#),
            (r#"{"name":"Ada"}"#, r#"{"name":"Ada"}"#),
            (r#"{"a":1,"lead":{"name":"Ada"}}"#, r#"{"a":1,"name":"Ada"}"#),
            (r#"{"lead":{"name":"Ada"},"name":"Bob"}"#, r#"{"name":"Bob","name":"Ada"}"#),
            (r#"{"a\"b":"x","lead":{ }}"#, r#"{"a\"b":"x"}"#),
            (r#"{"lead":{}}"#, "{}"),
            (r#"{"l\u0065ad":{"name":"Ada"}}"#, r#"{"name":"Ada"}"#),
            (r#"{"lead":7}"#, r#"{"lead":7}"#),
            (r#"{"lead":null,"name":"Ada"}"#, r#"{"lead":null,"name":"Ada"}"#),
            (r#"{"lead":["name"]}"#, r#"{"lead":["name"]}"#),
            (r#"{"leads":{"name":"Ada"}}"#, r#"{"leads":{"name":"Ada"}}"#),
            (r#"{"a":{"lead":{}}}"#, r#"{"a":{"lead":{}}}"#),
            (r#"[{"lead":{}}]"#, r#"[{"lead":{}}]"#),
            (r#"{"lead":{"name""#, r#"{"lead":{"name""#),
            ("", ""),
        ] {
            let unwrapped = unwrapped(Bytes::copy_from_slice(sent.as_bytes()), "lead");
            assert_eq!(std::str::from_utf8(&unwrapped).unwrap(), read, "{sent}");
        }
    }
}
