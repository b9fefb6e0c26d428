//! Whether a webhook that answered badly has started its workflow.
//!
//! Its one rule: nothing started only where n8n says so before it starts a workflow, or where what stands before n8n did not let
//! the call through. Any other answer may be the workflow's own (*Respond to Webhook* takes any status and body), and a workflow
//! that is called again runs again.

use std::borrow::Cow;

use http::header;

use crate::{
    egress::OutReply,
    json::{self, Part},
};

/// What an answer tells of the workflow behind a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// It was not started.
    No,
    /// It may have been.
    Unknown,
    /// It was, and failed.
    Yes,
}

/// How n8n begins the messages of its 404, in lower case.
const NOT_FOUND: [&str; 5] = [
    "the requested webhook ",
    "this webhook is not registered ",
    "could not find node to process webhook",
    "could not find workflow ",
    "active version not found ",
];
/// What the Webhook node answers in plain text to whom it does not let in, where a proxy took the header of its challenge away.
const NOT_LET_IN: [&str; 6] = [
    "Authorization is required!",
    "Authorization data is wrong!",
    "Authentication data is wrong!",
    "No token provided",
    "IP is not allowed to access the webhook!",
    "IP is not whitelisted to access the webhook!",
];
/// A page of a router that knows no such path is short.
const PAGE: usize = 4096;

impl Started {
    /// Reads an answer that is no success.
    #[must_use]
    pub fn of(reply: &OutReply) -> Self {
        let body = &*reply.body;
        let text = || String::from_utf8_lossy(body.get(..PAGE).unwrap_or(body));
        let says = |words: &[&str]| {
            let message = message(body).unwrap_or_default().to_ascii_lowercase();
            words.iter().any(|words| message.starts_with(words))
        };
        let not_started = match reply.status {
            500 if message(body).is_some_and(|message| message == "Error in workflow") => return Self::Yes,
            401 | 403 => {
                reply.headers.contains_key(header::WWW_AUTHENTICATE) || NOT_LET_IN.contains(&text().trim())
            }
            404 => {
                says(&NOT_FOUND) || text().trim_start().starts_with('<') && text().contains("Cannot POST ")
            }
            // n8n has lost its database, or a proxy has no n8n to hand the call to, in words of its own.
            503 => says(&["database is not ready"]) || is_a_proxys(body),
            429 => is_a_proxys(body),
            _ => false,
        };
        if not_started { Self::No } else { Self::Unknown }
    }
}

fn message(body: &[u8]) -> Option<String> {
    let said = json::text(body).ok()?;
    said.root().get("message").and_then(Part::text).map(Cow::into_owned)
}

/// A page or a sentence. Without a body it may be the workflow's as well.
fn is_a_proxys(body: &[u8]) -> bool {
    !body.trim_ascii().is_empty() && !json::is_json(body)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn started(status: u16, body: &'static str) -> Started {
        Started::of(&OutReply {
            status,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        })
    }

    #[test]
    fn only_a_word_from_before_the_start_says_that_nothing_started() {
        use Started::*;
        for (status, body, expected) in [
            (500, r#"{"message":"Error in workflow"}"#, Yes),
            (500, r#"{"message":"Error in workflow 7"}"#, Unknown),
            (500, r#"{"code":0,"message":"There was a problem executing the workflow"}"#, Unknown),
            (500, "", Unknown),
            (404, r#"{"code":404,"message":"The requested webhook \"POST x\" is not registered."}"#, No),
            (
                404,
                r#"{"code":404,"message":"This webhook is not registered for POST requests. Did you mean to make a GET request?"}"#,
                No,
            ),
            (404, r#"{"code":404,"message":"Could not find workflow with id \"x\""}"#, No),
            (404, "<!DOCTYPE html>\n<html><pre>Cannot POST /webhook/x</pre></html>", No),
            (404, r#"{"message":"This customer is not registered."}"#, Unknown),
            (404, "<html>Not found</html>", Unknown),
            (404, "{}", Unknown),
            (403, "Authorization data is wrong!", No),
            (401, "Authorization is required!\n", No),
            (403, "IP is not allowed to access the webhook!", No),
            (403, "You may not order this.", Unknown),
            (503, r#"{"code":503,"message":"Database is not ready!"}"#, No),
            (503, "<html>503 Service Temporarily Unavailable</html>", No),
            (503, "no available server", No),
            (503, r#"{"message":"sold out"}"#, Unknown),
            (503, "", Unknown),
            (429, "Too many requests", No),
            (429, "{}", Unknown),
            // The proxy had handed it on, and may have lost the answer alone.
            (502, "<html>Bad gateway</html>", Unknown),
            (504, "<html>Gateway timeout</html>", Unknown),
            (400, "[]", Unknown),
        ] {
            assert_eq!(started(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_challenge_is_no_start_in_whatever_words() {
        let mut headers = HeaderMap::new();
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Webhook\""));
        let reply =
            |status| OutReply { status, headers: headers.clone(), body: Bytes::from_static(b"jwt expired") };
        assert_eq!(Started::of(&reply(403)), Started::No);
        assert_eq!(Started::of(&reply(500)), Started::Unknown);
    }
}
