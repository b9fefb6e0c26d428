//! What a trigger that failed is answered with.

use crate::{
    egress::{OutError, OutReply},
    error::{Error, ErrorKind},
    json::{self, Tree},
    n8n::{echo::Confidential, start::Started},
};
use http::header;
use serde_json::Value;
use url::Url;

use super::CALL;

pub(super) fn refused(error: OutError) -> Error {
    match error {
        OutError::Refused(_) => Error::invalid("endpoint", error.to_string()),
        other => unreachable(&other),
    }
}

/// The answer is shown to the caller and kept with the run, without what the endpoint's query holds.
pub(super) fn n8n_error(reply: &OutReply, endpoint: &Url, started: Started) -> Error {
    let secrets = Confidential::of_url(endpoint);
    let error = |message: String| {
        Error::new(ErrorKind::Upstream, "n8n_error", message)
            .with("n8n_status", reply.status)
            .with("response", secrets.blank_json(shown(reply.body.get(..4096).unwrap_or(&reply.body))))
    };
    if (300..=399).contains(&reply.status) {
        // Without its query, which may hold what a login page is to give back.
        let there = redirected_to(reply, endpoint)
            .map(|there| format!(" to {}{}", there.origin().ascii_serialization(), there.path()));
        let there = secrets.blank(&there.unwrap_or_default()).chars().take(300).collect::<String>();
        let outcome = match started {
            Started::No => {
                "Nothing was triggered: it leads to the same webhook at another address. Use that one."
            }
            _ => {
                "If it is the workflow's own, the workflow has run: leave the status of its Redirect at 307. If a proxy or a login \
                 stands before n8n, nothing ran: use the address behind it."
            }
        };
        return error(format!(
            "n8n answered {}, a redirect{there}, which is not followed. {outcome}",
            reply.status
        ));
    }
    let said = if is_binary(&reply.body) { "what is no text".into() } else { secrets.message(&reply.body) };
    let said = said.trim_end_matches('.');
    let outcome = match (started, reply.status) {
        (Started::Yes, _) => " The workflow ran and failed.",
        (Started::Unknown, _) => " The workflow may have run.",
        (Started::No, 404) => " Is the workflow active, and does it wait for POST?",
        (Started::No, 401 | 403) => " The webhook asks for credentials.",
        (Started::No, _) => "",
    };
    let colon = if said.is_empty() { "" } else { ": " };
    error(format!("n8n answered {}{colon}{said}.{outcome}", reply.status))
}

/// Whether an answer that is no success leaves it open that the workflow ran.
pub(super) fn started(reply: &OutReply, endpoint: &Url) -> Started {
    if leads_to_itself(reply, endpoint) { Started::No } else { Started::of(reply) }
}

/// Whether a redirect only leads to the same webhook elsewhere (by https, with a slash), which is a proxy's word.
pub(super) fn leads_to_itself(reply: &OutReply, endpoint: &Url) -> bool {
    let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
    (300..=399).contains(&reply.status)
        && redirected_to(reply, endpoint).is_some_and(|there| path(&there) == path(endpoint))
}

/// Where a redirect leads.
fn redirected_to(reply: &OutReply, endpoint: &Url) -> Option<Url> {
    endpoint.join(reply.headers.get(header::LOCATION)?.to_str().ok()?).ok()
}

/// The beginning of an answer as a part of an error. Null of one that is no text.
fn shown(body: &[u8]) -> Value {
    if is_binary(body) {
        return Value::Null;
    }
    let tree = json::from_slice(body).map(|Tree(value)| value);
    tree.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(whole_characters(body)).into_owned()))
}

fn is_binary(body: &[u8]) -> bool {
    str::from_utf8(body).is_err_and(|error| error.error_len().is_some())
}

/// The text without a character that was cut in two at its end.
fn whole_characters(body: &[u8]) -> &[u8] {
    match str::from_utf8(body) {
        Err(error) if error.error_len().is_none() => body.get(..error.valid_up_to()).unwrap_or(body),
        _ => body,
    }
}

pub(super) fn unreachable(error: &OutError) -> Error {
    if matches!(error, OutError::Refused(_)) {
        return Error::invalid("endpoint", error.to_string());
    }
    Error::new(ErrorKind::Upstream, "n8n_unreachable", format!("{}. Is it running?", error.of("n8n")))
}

pub(super) fn unclear(error: &OutError) -> Error {
    if matches!(error, OutError::Timeout) {
        let message = format!(
            "n8n did not answer within {} seconds. The workflow may be running: poll it.",
            CALL.as_secs()
        );
        return Error::new(ErrorKind::UpstreamTimeout, "n8n_timeout", message);
    }
    let message = format!("{}. The workflow may be running: poll it.", error.of("n8n"));
    Error::new(ErrorKind::Upstream, "n8n_answer_lost", message)
}
