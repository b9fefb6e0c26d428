//! Error replies and headers: each is described once, and named where a route gives it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::envelopes;
use crate::{
    error::ErrorKind,
    http::{
        dialect::Voice,
        problem,
        routes::{self, Route},
    },
};

/// What utoipa puts before the name of a record that lists show ([`crate::http::shown::Shown`]).
const SHOWN: &str = "Shown_";

/// Names the records in the schemas of lists: utoipa writes each of them out once more.
pub fn records(doc: &mut Value) {
    let Some(schemas) = doc["components"]["schemas"].as_object_mut() else { return };
    let shown: Vec<String> = schemas.keys().filter(|name| name.starts_with(SHOWN)).cloned().collect();
    for name in shown {
        let record = name.trim_start_matches(SHOWN);
        let place = schemas.get_mut(&name).and_then(|schema| schema["oneOf"].get_mut(0));
        if let Some(place) = place {
            let written =
                std::mem::replace(place, json!({ "$ref": format!("#/components/schemas/{record}") }));
            schemas.entry(record).or_insert(written);
        }
    }
}

/// Puts headers and envelopes among the components.
pub fn components(doc: &mut Value, routes: &[&Route]) {
    doc["components"]["headers"] = headers_described();
    for route in routes {
        let voice = route.dialect.voice(route.path);
        doc["components"]["schemas"][voice.schema_name()] = envelopes::schema(voice);
    }
}

/// Takes away what nothing in this document names: headers that no reply has, ways to send a credential that none asks for.
pub fn drop_unused(doc: &mut Value) {
    let paths = doc["paths"].to_string();
    let named = paths.clone() + &doc["components"]["responses"].to_string();
    let used = |name: &str| named.contains(&format!("\"#/components/headers/{name}\""));
    let asked_for = |name: &str| paths.contains(&format!("{{\"{name}\":[]}}"));
    let Some(components) = doc["components"].as_object_mut() else { return };
    for (kind, keep) in [("headers", &used as &dyn Fn(&str) -> bool), ("securitySchemes", &asked_for)] {
        if let Some(all) = components.get_mut(kind).and_then(Value::as_object_mut) {
            all.retain(|name, _| keep(name));
        }
    }
    components.retain(|_, all| all.as_object().is_some_and(|all| !all.is_empty()));
}

/// Adds the headers of a success.
pub fn headers(response: &mut Value, route: &Route) {
    let mut names = vec!["X-Request-Id", "Access-Control-Allow-Origin"];
    if route.remembers() {
        names.push("Idempotent-Replayed");
    }
    if route.rate != routes::RateClass::None {
        names.extend(LIMITS);
    }
    response["headers"] = references(&names);
}

/// What a route answers with one status of error, for whichever reason.
pub struct Refusal {
    pub status: String,
    pub name: String,
    kinds: Vec<ErrorKind>,
    voice: Voice,
}

/// The error replies of a route, one per status.
pub fn refusals(route: &Route) -> impl Iterator<Item = Refusal> {
    let voice = route.dialect.voice(route.path);
    let mut by_status = BTreeMap::<_, Vec<ErrorKind>>::new();
    for kind in route.error_kinds() {
        by_status.entry(voice.status(kind).as_u16()).or_default().push(kind);
    }
    by_status.into_iter().map(move |(status, kinds)| {
        let names: Vec<_> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
        let name = format!("{}{}", names.join("Or"), voice.schema_name().trim_start_matches("Error"));
        Refusal { status: status.to_string(), name, kinds, voice }
    })
}

impl Refusal {
    pub fn reference(&self) -> Value {
        json!({ "$ref": format!("#/components/responses/{}", self.name) })
    }

    pub fn describe(&self) -> Value {
        let mut names = vec!["X-Request-Id", "Access-Control-Allow-Origin"];
        let mut examples = Map::new();
        for kind in &self.kinds {
            match kind {
                ErrorKind::RateLimited => names.extend(["Retry-After", LIMITS[0], LIMITS[1], LIMITS[2]]),
                ErrorKind::Unavailable => names.push("Retry-After"),
                ErrorKind::Unauthenticated => names.push("WWW-Authenticate"),
                _ => {}
            }
            let value = problem::schema_example(*kind, self.voice);
            examples.insert(format!("{kind:?}"), json!({ "summary": description(*kind), "value": value }));
        }
        let said: Vec<_> = self.kinds.iter().map(|kind| description(*kind)).collect();
        json!({
            "description": said.join(" Or: "),
            "headers": references(&names),
            "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{}", self.voice.schema_name()) },
                "examples": examples,
            }},
        })
    }
}

const LIMITS: [&str; 3] = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

fn references(names: &[&str]) -> Value {
    let one = |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    Value::Object(names.iter().map(one).collect())
}

fn headers_described() -> Value {
    let whole = |what: &str, most: i64| json!({ "description": what, "schema": { "type": "integer", "format": "int64", "minimum": 0, "maximum": most } });
    let text = |what: &str, schema: Value| json!({ "description": what, "schema": schema });
    json!({
        "X-Request-Id": text("Id of the request, for support. The caller's own where it sent one of 8 to 64 letters, digits, `-` and `_`.",
            json!({ "type": "string", "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$" })),
        "Access-Control-Allow-Origin": text("For browsers: the origin that may read the reply, where the server lists it (`BATON_CORS_ORIGINS`).",
            json!({ "type": "string", "maxLength": 2048 })),
        "Idempotent-Replayed": text("`true` where the reply is the one that the first request with this Idempotency-Key got.",
            json!({ "type": "string", "enum": ["true"] })),
        "WWW-Authenticate": text("How to send a credential.", json!({ "type": "string", "maxLength": 200 })),
        "Retry-After": whole("Seconds to wait.", 86_400),
        "X-RateLimit-Limit": whole("What the window allows.", i64::from(u32::MAX)),
        "X-RateLimit-Remaining": whole("What is left of it.", i64::from(u32::MAX)),
        "X-RateLimit-Reset": whole("Unix seconds at which the window ends.", 253_402_300_799),
    })
}

fn description(kind: ErrorKind) -> &'static str {
    use ErrorKind::*;
    match kind {
        Malformed => "The request cannot be read.",
        Invalid => "Fields break rules; `errors` names them all.",
        Unauthenticated => "No credential.",
        CredentialRejected => "The credential is invalid, expired or revoked.",
        Forbidden => "The credential may not do this.",
        NotFound => "There is no such thing, or it belongs to somebody else.",
        MethodNotAllowed => "The address does not answer this method.",
        Conflict => {
            "The Idempotency-Key was used for another request or is in use, or the record changed meanwhile."
        }
        WrongState => "What was done before does not allow it.",
        TooLarge => "The body is too large.",
        UnsupportedMedia => "The body is not declared as JSON, or packed in a way that is not read.",
        RateLimited => "Too many of these requests; `Retry-After` says how long to wait.",
        Upstream => "n8n answered with an error, or not at all.",
        UpstreamTimeout => "n8n did not answer in time.",
        Unavailable => "Try again shortly.",
        Internal => "Something went wrong on our side.",
    }
}
