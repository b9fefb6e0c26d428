//! The route table, read as rules.

use http::Method;

use crate::{
    error::ErrorKind,
    http::routes::{Auth, Dialect, ROUTES, RateClass, Verb, as_routed, dialect_of, find, methods},
};

#[test]
fn a_route_is_found_by_method_and_pattern() {
    let operation = |method: Method, path: &str| find(&method, path).map(|route| route.operation);
    assert_eq!(operation(Method::GET, "/api/collections"), Some("list_collections"));
    assert_eq!(operation(Method::HEAD, "/api/collections"), Some("list_collections"));
    assert_eq!(operation(Method::POST, "/api/collections"), Some("create_collection"));
    assert_eq!(operation(Method::PUT, "/api/collections/{id}"), Some("update_collection"));
    assert_eq!(operation(Method::PATCH, "/api/payloads/{id}"), Some("update_payload"));
    assert_eq!(operation(Method::DELETE, "/api/payloads/{id}"), Some("delete_payload"));
    for (method, path) in [
        (Method::DELETE, "/api/collections"),
        (Method::HEAD, "/automation/approve"),
        (Method::OPTIONS, "/api"),
        (Method::GET, "/api/payloads/42"),
        (Method::GET, ""),
    ] {
        assert_eq!(operation(method, path), None, "{path}");
    }
}

#[test]
fn an_address_names_its_methods() {
    assert_eq!(methods("/api/collections"), ["GET", "HEAD", "POST"]);
    assert_eq!(methods("/api/collections/{id}"), ["GET", "HEAD", "PUT", "DELETE"]);
    assert_eq!(methods("/api/nothing"), [""; 0]);
}

#[test]
fn only_posts_of_somebody_with_a_scope_are_remembered() {
    for route in ROUTES {
        let credentials = route.function == "sessions";
        assert_eq!(route.remembers(), route.method == Verb::Post && !credentials, "{}", route.operation);
    }
}

#[test]
fn a_route_can_fail_as_its_class_does() {
    let always_known = [
        ErrorKind::Unauthenticated,
        ErrorKind::CredentialRejected,
        ErrorKind::Forbidden,
        ErrorKind::Unavailable,
    ];
    let bodies = [ErrorKind::Malformed, ErrorKind::Invalid, ErrorKind::TooLarge, ErrorKind::UnsupportedMedia];
    for route in ROUTES {
        let kinds = route.errors();
        let mut unique = kinds.clone();
        unique.dedup();
        assert_eq!(unique, kinds, "{}", route.operation);
        let can = |kind: &ErrorKind| kinds.contains(kind);
        let says = |kind: &ErrorKind| route.errors.contains(kind);
        assert!(can(&ErrorKind::Internal) && route.errors.iter().all(can));
        for kind in &always_known {
            assert_eq!(can(kind), says(kind) || route.auth != Auth::Public, "{} {kind:?}", route.operation);
        }
        for kind in &bodies {
            let takes = matches!(route.method, Verb::Post | Verb::Patch | Verb::Put);
            assert_eq!(can(kind), says(kind) || takes, "{} {kind:?}", route.operation);
        }
        let repeated = route.remembers() || says(&ErrorKind::Conflict);
        assert_eq!(can(&ErrorKind::Conflict), repeated, "{}", route.operation);
        let limited = route.rate != RateClass::None || says(&ErrorKind::RateLimited);
        assert_eq!(can(&ErrorKind::RateLimited), limited, "{}", route.operation);
    }
}

#[test]
fn an_address_that_is_no_route_is_answered_like_its_neighbours() {
    for (path, dialect) in [
        ("/api/token-usage", Dialect::Tokens),
        ("/api/token-usage/a/b", Dialect::Tokens),
        ("/api/token-usages", Dialect::Invokati),
        ("/api/trigger-webhook", Dialect::Tokens),
        ("/api/poll-execution/x", Dialect::Tokens),
        ("/api/v1", Dialect::DripPulse),
        ("/api/v1/nothing", Dialect::DripPulse),
        ("/api/v10", Dialect::Invokati),
        ("/api", Dialect::Invokati),
        ("/automation/approve", Dialect::Invokati),
        ("/automation", Dialect::Invokati),
        ("/apis", Dialect::House),
        ("/", Dialect::House),
        ("", Dialect::House),
    ] {
        assert_eq!(dialect_of(path), dialect, "{path}");
    }
}

#[test]
fn a_path_is_read_as_the_router_reads_it() {
    for (sent, read) in [
        ("/", "/"),
        ("//", "/"),
        ("", "/"),
        ("/api/payloads", "/api/payloads"),
        ("/api/payloads/", "/api/payloads"),
        ("///api/payloads//", "/api/payloads"),
        ("/api//payloads", "/api//payloads"),
    ] {
        assert_eq!(as_routed(sent), read, "{sent}");
    }
}
