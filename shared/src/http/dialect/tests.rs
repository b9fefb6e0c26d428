//! What each dialect makes of an error, an id and a list, against CONFLICTS §4 and §5.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{
    resolve::{By, Hosts, Resolved, by_path, check, resolve},
    *,
};
use crate::{
    error::{RequestPart, Violation},
    http::routes,
    ids::WorkflowId,
};

fn body(dialect: &'static Dialect, error: &Error) -> Value {
    dialect.voice("/").body(error)
}

fn invalid() -> Error {
    Error::violations(vec![
        Violation::new("title", "is required").of("missing"),
        Violation::new("files[3].name", "must be text"),
        Violation::new("title", "must be text"),
    ])
}

const WORDS: &str = "files[3].name: must be text; title: is required, must be text";

#[test]
fn a_request_that_breaks_rules_is_told_so_in_every_dialect() {
    let error = invalid();
    let fields = json!({ "files[3].name": ["must be text"], "title": ["is required", "must be text"] });
    for (body, status, expected) in [
        (
            A.voice("/api/leads").body(&error),
            A.voice("/").status(error.kind),
            json!({ "success": false, "code": "validation_failed", "error": WORDS, "message": WORDS, "errors": fields }),
        ),
        (
            A.voice("/api/token-usage").body(&error),
            A.voice("/").status(error.kind),
            json!({ "status": "error", "code": "validation_failed", "message": WORDS, "errors": fields }),
        ),
        (
            body(&B, &error),
            B.voice("/").status(error.kind),
            json!({ "success": false, "error": { "code": "VALIDATION_ERROR", "message": WORDS, "details": fields } }),
        ),
        (
            body(&C, &error),
            C.voice("/").status(error.kind),
            json!({ "error": "validation_failed", "message": WORDS, "cause": WORDS, "errors": fields }),
        ),
        (
            body(&E, &error),
            E.voice("/").status(error.kind),
            json!({ "code": "validation_failed", "detail": [
                { "loc": ["body", "title"], "msg": "is required", "type": "missing" },
                { "loc": ["body", "files", 3, "name"], "msg": "must be text", "type": "invalid" },
                { "loc": ["body", "title"], "msg": "must be text", "type": "invalid" },
            ]}),
        ),
        (
            body(&HOUSE, &error),
            HOUSE.voice("/").status(error.kind),
            json!({ "error": "validation_failed", "message": WORDS, "cause": WORDS, "errors": fields }),
        ),
    ] {
        assert_eq!((status.as_u16(), body), (422, expected));
    }
    let told = json!({
        "status": false, "statusCode": 400, "message": WORDS, "cause": WORDS, "error": "Bad Request", "code": "validation_failed",
        "errors": [
            { "path": "title", "code": "missing", "message": "is required" },
            { "path": "files[3].name", "code": "invalid", "message": "must be text" },
            { "path": "title", "code": "invalid", "message": "must be text" },
        ],
    });
    assert_eq!((D.voice("/").status(error.kind).as_u16(), body(&D, &error)), (400, told));
}

#[test]
fn every_other_error_is_a_sentence_with_a_code_in_every_dialect() {
    let error = Error::not_found("workflow").with("id", "wf_1").with("message", "not this");
    let words = "There is no such workflow.";
    for (dialect, expected) in [
        (
            &A,
            json!({ "success": false, "code": "not_found", "error": words, "message": words, "id": "wf_1" }),
        ),
        (
            &B,
            json!({ "success": false, "error": { "code": "NOT_FOUND", "message": words,
                "details": { "reason": "not_found", "id": "wf_1", "message": "not this" } } }),
        ),
        (&C, json!({ "error": "not_found", "message": words, "cause": words, "id": "wf_1" })),
        (
            &D,
            json!({ "status": false, "statusCode": 404, "message": words, "cause": words, "error": "Not Found", "code": "not_found",
                "id": "wf_1" }),
        ),
        (&E, json!({ "detail": words, "code": "not_found", "id": "wf_1", "message": "not this" })),
        (&HOUSE, json!({ "error": "not_found", "message": words, "cause": words, "id": "wf_1" })),
    ] {
        assert_eq!(body(dialect, &error), expected, "{dialect:?}");
    }
}

#[test]
fn e_says_which_part_of_a_request_is_wrong() {
    for (place, loc) in [
        (RequestPart::Body, json!(["body", "user", "email"])),
        (RequestPart::Query, json!(["query", "user.email"])),
        (RequestPart::Header, json!(["header", "user.email"])),
    ] {
        let error = Error::violations(vec![Violation::new("user.email", "is required").at(place)]);
        assert_eq!(body(&E, &error)["detail"][0]["loc"], loc);
    }
}

#[test]
fn each_kind_has_the_status_that_the_dialect_gives_it() {
    let usual = |kind| match kind {
        ErrorKind::Malformed => 400,
        ErrorKind::Invalid => 422,
        ErrorKind::Unauthenticated | ErrorKind::CredentialRejected => 401,
        ErrorKind::Forbidden => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::MethodNotAllowed => 405,
        ErrorKind::Conflict | ErrorKind::WrongState => 409,
        ErrorKind::TooLarge => 413,
        ErrorKind::UnsupportedMedia => 415,
        ErrorKind::RateLimited => 429,
        ErrorKind::Upstream => 502,
        ErrorKind::UpstreamTimeout => 504,
        ErrorKind::Unavailable => 503,
        ErrorKind::Internal => 500,
    };
    for dialect in ALL {
        for kind in ErrorKind::ALL {
            let expected = match (dialect.letter, kind) {
                (Some(Letter::A), ErrorKind::CredentialRejected) => 403,
                (Some(Letter::D), ErrorKind::Invalid) => 400,
                _ => usual(kind),
            };
            assert_eq!(dialect.voice("/").status(kind).as_u16(), expected, "{dialect:?} {kind:?}");
        }
    }
}

#[test]
fn a_cause_never_leaves_the_house() {
    let errors = [
        Error::internal("hunter2"),
        Error::unavailable("hunter2"),
        Error::unreadable("hunter2"),
        Error::new(ErrorKind::Upstream, "n8n_error", "n8n answered 500.").caused_by("hunter2"),
        Error::new(ErrorKind::RateLimited, "rate_limited", "Wait.").retry_after(Duration::from_secs(1)),
    ];
    for voice in ALL.into_iter().flat_map(Dialect::voices) {
        for error in &errors {
            assert!(!voice.body(error).to_string().contains("hunter2"), "{voice:?}");
        }
    }
}

#[test]
fn b_speaks_in_the_codes_that_its_clients_switch_on() {
    for (kind, expected) in [
        (ErrorKind::Unauthenticated, "UNAUTHORIZED"),
        (ErrorKind::CredentialRejected, "UNAUTHORIZED"),
        (ErrorKind::Forbidden, "FORBIDDEN"),
        (ErrorKind::NotFound, "NOT_FOUND"),
        (ErrorKind::Invalid, "VALIDATION_ERROR"),
        (ErrorKind::Malformed, "VALIDATION_ERROR"),
        (ErrorKind::RateLimited, "RATE_LIMITED"),
        (ErrorKind::Internal, "INTERNAL_ERROR"),
    ] {
        assert_eq!(b::code(kind), expected);
    }
    let shout = |code: &str| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    assert!(ErrorKind::ALL.into_iter().map(b::code).all(shout));
}

#[test]
fn the_one_id_has_the_look_of_its_dialect_and_reads_back() {
    let id = Id::from_u64(239_836_734_234_625).unwrap();
    for (dialect, shown) in [
        (&A, json!(239_836_734_234_625_u64)),
        (&B, json!(id.prefixed("wf"))),
        (&C, json!(239_836_734_234_625_u64)),
        (&D, json!(id.hex24())),
        (&E, json!(id.uuid())),
    ] {
        let value = serde_json::to_value(dialect.ids.show(WorkflowId::of(id))).unwrap();
        assert_eq!(value, shown, "{dialect:?}");
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(text.parse(), Ok(id), "{dialect:?}");
    }
}

#[test]
fn a_success_is_wrapped_as_each_dialect_wraps_it() {
    let thing = json!({ "id": 1 });
    let told = |reply: crate::http::reply::Reply| {
        (reply.status.as_u16(), crate::testing::json(&reply.body).unwrap())
    };
    for (reply, expected) in [
        (b::created(&thing), (201, json!({ "success": true, "data": { "id": 1 } }))),
        (
            b::list(&[&thing], b::Meta::new(Some(1), 20, Some(100), Some("x".into()))),
            (
                200,
                json!({ "success": true, "data": [{ "id": 1 }],
                "meta": { "page": 1, "limit": 20, "total": 100, "next_cursor": "x", "has_more": true } }),
            ),
        ),
        (
            b::list(&[&thing], b::Meta::new(None, 50, None, None)),
            (
                200,
                json!({ "success": true, "data": [{ "id": 1 }],
                "meta": { "limit": 50, "total": null, "next_cursor": null, "has_more": false } }),
            ),
        ),
        (
            d::created("Workflow created", &thing),
            (201, json!({ "status": true, "message": "Workflow created", "data": { "id": 1 } })),
        ),
        (
            d::list("Workflows", &[&thing], d::Meta::new(Some(2), 10, Some(11), None)),
            (
                200,
                json!({ "status": true, "message": "Workflows", "data": [{ "id": 1 }],
                "meta": { "page": 2, "pageSize": 10, "totalPages": 2, "totalCount": 11, "nextCursor": null } }),
            ),
        ),
        (
            c::list(&c::Listing {
                plural: "api_keys",
                items: &[&thing],
                total_count: Some(1),
                next_cursor: None,
            }),
            (200, json!({ "api_keys": [{ "id": 1 }], "total_count": 1 })),
        ),
        (
            c::list(&c::Listing {
                plural: "leads",
                items: &[&thing],
                total_count: None,
                next_cursor: Some("x".into()),
            }),
            (200, json!({ "leads": [{ "id": 1 }], "total_count": null, "next_cursor": "x" })),
        ),
    ] {
        assert_eq!(told(reply.unwrap()), expected);
    }
    assert_eq!(d::Meta::new(Some(1), 0, Some(3), None).total_pages, Some(3), "no page is empty of room");
}

fn headers(sent: &[(&'static str, &'static str)]) -> HeaderMap {
    sent.iter()
        .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

#[test]
fn an_address_that_is_no_route_is_answered_like_its_neighbours() {
    for (path, dialect, envelope) in [
        ("/api/token-usage", &A, "ErrorTokens"),
        ("/api/token-usage/a/b", &A, "ErrorTokens"),
        ("/api/token-usages", &A, "ErrorInvokati"),
        ("/api/trigger-webhook", &A, "ErrorTokens"),
        ("/api/poll-execution/x", &A, "ErrorTokens"),
        ("/api/v1", &C, "ErrorDripPulse"),
        ("/api/v1/nothing", &C, "ErrorDripPulse"),
        ("/api/v10", &A, "ErrorInvokati"),
        ("/api/workflows", &B, "ErrorB"),
        ("/api/workflows/1", &A, "ErrorInvokati"),
        ("/api", &A, "ErrorInvokati"),
        ("/automation/approve", &A, "ErrorInvokati"),
        ("/automation", &A, "ErrorInvokati"),
        ("/v1/workflows", &B, "ErrorB"),
        ("/v1/nothing", &B, "ErrorB"),
        ("/v1", &B, "ErrorB"),
        ("/v1/executions/1", &B, "ErrorB"),
        ("/v1/workflows/1/execute", &B, "ErrorB"),
        ("/v1/workflows/1/run", &D, "ErrorD"),
        ("/v1/workflows/jobs/1", &D, "ErrorD"),
        ("/v1/workflows/schedule", &D, "ErrorD"),
        ("/v1/workflows/1/summary/timeline", &D, "ErrorD"),
        ("/v1/workflows/1/invoke", &E, "ErrorE"),
        ("/v1/workflows/1/invoke/stream", &E, "ErrorE"),
        ("/v1/tasks/1", &E, "ErrorE"),
        ("/v10", &HOUSE, "ErrorHouse"),
        ("/apis", &HOUSE, "ErrorHouse"),
        ("/", &HOUSE, "ErrorHouse"),
        ("", &HOUSE, "ErrorHouse"),
    ] {
        let told = by_path(path).dialect;
        assert_eq!((told, told.voice(path).schema_name()), (dialect, envelope), "{path}");
    }
}

#[test]
fn what_is_said_goes_before_what_is_guessed() {
    let hosts = Hosts::from([("d.example.com".into(), Letter::D)]);
    let (key, bearer) = (("x-api-key", "k"), ("authorization", "Bearer k"));
    let cookie = ("cookie", "baton_session=c");
    for (path, sent, dialect, by) in [
        ("/v1/workflows", &[("host", "D.example.com:443"), ("x-api-dialect", "b"), bearer][..], &D, By::Host),
        ("/v1/workflows", &[("host", "b.example.com"), ("x-api-dialect", "E"), bearer], &E, By::Header),
        ("/v1/workflows", &[("x-api-dialect", " "), bearer], &B, By::Credential),
        ("/v1/workflows/1/run", &[("x-api-dialect", "b"), key], &B, By::Header),
        ("/v1/workflows/1/run", &[bearer], &D, By::Path),
        ("/v1/workflows", &[bearer], &B, By::Credential),
        ("/v1/workflows", &[key], &D, By::Credential),
        ("/v1/workflows", &[cookie], &B, By::Credential),
        ("/v1/workflows", &[], &B, By::Credential),
        ("/v1/workflows", &[key, bearer], &D, By::Guess),
        ("/api/leads", &[key, bearer], &A, By::Path),
    ] {
        let resolved = resolve(&hosts, path, &headers(sent));
        assert_eq!((resolved.dialect, resolved.by), (dialect, by), "{path} {sent:?}");
    }
}

#[test]
fn a_key_speaks_its_own_dialect_where_nothing_stronger_was_said() {
    let has = |dialect: &'static Dialect| *dialect == B || *dialect == D;
    let of = |by| Resolved { dialect: &B, by };
    for (by, letter, expected) in [
        (By::Credential, Some(Letter::D), (&D, By::Key)),
        (By::Guess, Some(Letter::D), (&D, By::Key)),
        (By::Credential, Some(Letter::E), (&B, By::Credential)),
        (By::Credential, None, (&B, By::Credential)),
        (By::Path, Some(Letter::D), (&B, By::Path)),
        (By::Header, Some(Letter::D), (&B, By::Header)),
        (By::Host, Some(Letter::D), (&B, By::Host)),
    ] {
        let resolved = of(by).with_key(letter, has);
        assert_eq!((resolved.dialect, resolved.by), expected, "{by:?} {letter:?}");
    }
}

#[test]
fn the_body_is_asked_last() {
    let guess = Resolved { dialect: &D, by: By::Guess };
    for (body, expected) in [
        (r#"{"title":"x"}"#, (&D, By::Body)),
        (r#"{"name":"x"}"#, (&B, By::Body)),
        (r#"{"name":"x","title":"x"}"#, (&D, By::Guess)),
        (r#"{"nodes":[{"name":"x"}]}"#, (&D, By::Guess)),
        ("", (&D, By::Guess)),
        ("[", (&D, By::Guess)),
    ] {
        let resolved = guess.with_body(body.as_bytes());
        assert_eq!((resolved.dialect, resolved.by), expected, "{body}");
    }
    let told = Resolved { dialect: &B, by: By::Credential };
    assert_eq!(told.with_body(br#"{"title":"x"}"#), told, "what was told is not asked again");
}

#[test]
fn a_letter_that_is_none_is_refused() {
    for (sent, refused) in
        [("b", false), ("B", false), ("", false), ("f", true), ("house", true), ("b,d", true)]
    {
        let mut map = HeaderMap::new();
        map.insert(super::resolve::HEADER, HeaderValue::from_static(sent));
        let code = check(&map).err().map(|error| error.code);
        assert_eq!(code, refused.then_some("unknown_dialect"), "{sent}");
    }
}

#[test]
fn every_route_is_found_by_whoever_sends_what_its_document_says() {
    for route in routes::ROUTES.iter().filter(|route| *route.dialect != HOUSE) {
        let sent = match route.dialect.letter {
            Some(Letter::B | Letter::C) => ("authorization", "Bearer k"),
            _ => ("x-api-key", "k"),
        };
        let path = route.path.replace(['{', '}'], "");
        let resolved = resolve(&Hosts::new(), &path, &headers(&[sent]));
        assert_eq!(resolved.dialect, route.dialect, "{}", route.operation);
        let method = route.method.as_str().parse().unwrap();
        let found = routes::find(resolved.dialect, &method, route.path).map(|found| found.operation);
        assert_eq!(found, Some(route.operation));
    }
}
