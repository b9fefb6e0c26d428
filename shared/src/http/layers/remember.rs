//! What was answered before under the same `Idempotency-Key`.

use axum::{body::Body, extract::Request};
use http::header;
use sha2::{Digest, Sha256};

use super::{
    super::{ctx::Ctx, form, reply::Reply, routes::Route},
    body::read_body,
};
use crate::{
    domain::{api_key::hex, principal::Principal},
    error::{Error, RequestPart, Result, Violation},
    ops::act::{self, HeldKey},
    repo::idempotency::{self, Stage},
    store::Key,
};

/// Longest `Idempotency-Key`.
const MAX_IDEMPOTENCY_KEY: usize = 255;

pub(super) enum Remembered {
    New(Box<Request>),
    Answered(Reply),
}

/// Looks an `Idempotency-Key` up.
pub(super) async fn remember(route: &Route, ctx: &mut Ctx, request: Request) -> Result<Remembered> {
    if !route.remembers() {
        return Ok(Remembered::New(Box::new(request)));
    }
    let Some(sent) = request.headers().get("idempotency-key") else {
        return Ok(Remembered::New(Box::new(request)));
    };
    let sent =
        sent.to_str().ok().map(str::trim).filter(|text| (1..=MAX_IDEMPOTENCY_KEY).contains(&text.len()));
    let sent = sent.map(str::to_owned).ok_or_else(|| {
        let problem = format!("must have 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters");
        Error::violations(vec![Violation::new("Idempotency-Key", problem).at(RequestPart::Header)])
    })?;
    let (mut parts, body) = request.into_parts();
    let body = read_body(&ctx.app, &parts.headers, body).await?;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let form = form::without_boundary(&parts.headers, &body);
    let fingerprint = hash(&[target.as_bytes(), form.as_deref().unwrap_or(&body)]);
    let key = remembered_as(&ctx.caller, route, parts.uri.path(), &sent);
    let mut begun = None;
    if let Some(record) = idempotency::find(&*ctx.app.store, &key, ctx.now).await? {
        if let Stage::Begun { id, .. } = record.outcome {
            begun = Some(id);
        }
        if let Some(answer) = act::settle(record, &fingerprint, ctx.now)? {
            return Ok(Remembered::Answered(Reply::replay(answer.status, answer.body)?));
        }
    }
    ctx.with_key(HeldKey::new(key, fingerprint, begun), route.dialect.voice(route.path));
    // What they say of the body was true before it was read.
    for name in [header::CONTENT_ENCODING, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    Ok(Remembered::New(Box::new(Request::from_parts(parts, Body::from(body)))))
}

/// Where the reply is kept. A key belongs to its user: who has changed the API key finds it again, and two users who chose the
/// same text do not meet. The first part tells these apart from records of a key that all users of an organization shared.
fn remembered_as(caller: &Principal, route: &Route, path: &str, sent: &str) -> Key {
    let user = caller.user_id.get().to_be_bytes();
    let mut parts: Vec<&[u8]> =
        vec![b"user", &user, route.operation.as_bytes(), path.as_bytes(), sent.as_bytes()];
    // What was answered to one who sees more is not for the same person's key that sees less.
    let reach = caller
        .reach
        .groups()
        .map(|groups| groups.iter().flat_map(|group| group.get().to_be_bytes()).collect::<Vec<u8>>());
    if let Some(groups) = &reach {
        parts.extend([&b"groups"[..], groups]);
    }
    idempotency::key(caller.tenant, &hash(&parts))
}

/// SHA-256 over parts, each with its length in front so that no two lists of parts read alike.
pub(in crate::http) fn hash(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize())
}
