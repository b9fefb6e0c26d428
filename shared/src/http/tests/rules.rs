//! The route table, read as rules.

use std::collections::BTreeSet;

use http::Method;

use crate::{
    error::ErrorKind,
    http::{
        dialect::{A, B, C, D, Dialect, E, HOUSE},
        routes::{Auth, ROUTES, Verb, find, methods},
    },
};

#[test]
fn a_route_is_found_by_method_and_pattern() {
    let operation = |method: Method, path: &str| find(&A, &method, path).map(|route| route.operation);
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
    assert_eq!(methods(&A, "/api/collections"), ["GET", "HEAD", "POST"]);
    assert_eq!(methods(&A, "/api/collections/{id}"), ["GET", "HEAD", "PUT", "DELETE"]);
    assert_eq!(methods(&A, "/api/nothing"), [""; 0]);
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
        ErrorKind::RateLimited,
        ErrorKind::Unavailable,
    ];
    let bodies = [ErrorKind::Malformed, ErrorKind::Invalid, ErrorKind::TooLarge, ErrorKind::UnsupportedMedia];
    for route in ROUTES {
        let kinds = route.error_kinds();
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
    }
}

#[test]
fn a_dialect_has_its_own_routes_and_those_of_the_house() {
    let operation = |dialect: &'static Dialect, path: &str| {
        find(dialect, &Method::GET, path).map(|route| route.operation)
    };
    for (dialect, path, expected) in [
        (&B, "/v1/workflows", Some("list_workflows")),
        (&D, "/v1/workflows", Some("d_list_workflows")),
        (&E, "/v1/workflows", None),
        (&A, "/api/leads/{id}", Some("get_lead")),
        (&B, "/api/leads/{id}", None),
        (&C, "/api/v1/health", Some("health_v1")),
        (&A, "/api/v1/health", None),
        (&D, "/health", Some("health")),
        (&HOUSE, "/health", Some("health")),
    ] {
        assert_eq!(operation(dialect, path), expected, "{dialect:?} {path}");
    }
}

#[test]
fn a_dialect_that_takes_put_for_patch_says_so() {
    for route in ROUTES.iter().filter(|route| route.method == Verb::Patch) {
        let allowed = methods(route.dialect, route.path);
        let own_put = ROUTES
            .iter()
            .any(|other| (other.dialect, other.path, other.method) == (route.dialect, route.path, Verb::Put));
        let taken = own_put || route.dialect.put_is_patch;
        assert_eq!(allowed.contains(&"PUT"), taken, "{}", route.operation);
    }
}

#[test]
fn no_two_routes_are_one() {
    let operations: BTreeSet<_> = ROUTES.iter().map(|route| route.operation).collect();
    let places: BTreeSet<_> =
        ROUTES.iter().map(|route| (route.dialect.as_str(), route.method.as_str(), route.path)).collect();
    assert_eq!((operations.len(), places.len()), (ROUTES.len(), ROUTES.len()));
    for route in ROUTES {
        assert!(!route.function.is_empty() && !route.tag.is_empty(), "{}", route.operation);
    }
}
