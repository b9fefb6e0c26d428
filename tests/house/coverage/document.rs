//! What the API documents say of every route, and that it is so.

use super::*;

#[tokio::test]
async fn the_api_document_and_the_route_table_agree() {
    for (letter, document) in Documents::made().all() {
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (verb, operation) in item.as_object().unwrap() {
                documented.insert((verb.to_uppercase(), path.clone(), operation["operationId"].to_string()));
            }
        }
        let routed = ROUTES.iter().filter(|route| shown_in(route) == letter).map(|route| {
            (route.method.as_str().to_owned(), route.path.to_owned(), format!("{:?}", route.operation))
        });
        assert_eq!(documented, routed.collect(), "{letter:?}");
    }
}

#[tokio::test]
async fn every_operation_is_described() {
    let documents = Documents::made();
    for route in ROUTES {
        let document = documents.of(route);
        let operation = described(document, route);
        let name = route.operation;
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}: summary");
        assert!(operation["security"].is_array(), "{name}: security");
        assert_eq!(operation["security"] == json!([]), route.auth == Auth::Public, "{name}");
        let responses = operation["responses"].as_object().unwrap();
        let success: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert!(!success.is_empty(), "{name}: no success");
        // With 204 there is nothing to describe.
        for (status, response) in success.into_iter().filter(|(status, _)| *status != "204") {
            let media = response["content"].as_object().unwrap().values().next().unwrap();
            assert!(media["schema"].is_object(), "{name} {status}: schema");
        }
        let refused: BTreeSet<_> =
            responses.keys().filter(|status| !status.starts_with('2')).cloned().collect();
        let (kinds, voice) = (route.error_kinds(), route.dialect.voice(route.path));
        let statuses = kinds.iter().map(|kind| voice.status(*kind).as_u16().to_string());
        assert_eq!(refused, statuses.collect(), "{name} tells of other errors than the table");
        for kind in kinds {
            let status = voice.status(kind).as_u16().to_string();
            let media = &resolve(document, &responses[&status])["content"]["application/json"];
            assert!(media["schema"].is_object(), "{name} {status}");
            assert!(media["examples"][format!("{kind:?}")].is_object(), "{name} {kind:?}");
        }
    }
}

/// What a reference of the document names.
fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match part["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => part,
    }
}

#[tokio::test]
async fn the_api_document_asks_for_what_the_route_table_asks_for() {
    let documents = Documents::made();
    for route in ROUTES {
        let document = documents.of(route);
        let operation = described(document, route);
        let name = route.operation;
        let schemes: Vec<_> = match route.auth {
            Auth::Public => vec![],
            Auth::Session => vec!["bearer", "session"],
            Auth::Scope(_) => vec!["api_key", "bearer", "session"],
        };
        let asked = operation["security"].as_array().unwrap();
        let asked = asked.iter().map(|one| one.as_object().unwrap().keys().next().unwrap().as_str());
        assert_eq!(asked.collect::<Vec<_>>(), schemes, "{name}");
        let scope = match route.auth {
            Auth::Scope(scope) if scope != TEST_SCOPE => Some(scope),
            _ => None,
        };
        assert_eq!(operation["x-scope"].as_str(), scope, "{name}");
        let class = match route.rate {
            RateClass::None => None,
            RateClass::Trigger => Some("trigger"),
            RateClass::Poll => Some("poll"),
        };
        assert_eq!(operation["x-rate-limit"]["class"].as_str(), class, "{name}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let headers = resolve(document, response)["headers"].as_object().unwrap();
            let tells = |header: &str| headers.contains_key(header);
            let counted = status == "429" || class.is_some() && status.starts_with('2');
            assert_eq!(tells("X-RateLimit-Remaining"), counted, "{name} {status}");
            assert_eq!(tells("Retry-After"), ["429", "503"].contains(&status.as_str()), "{name} {status}");
        }
    }
}

#[tokio::test]
async fn every_described_body_has_an_example() {
    let documents = Documents::made();
    for route in ROUTES.iter().filter(|route| route.auth != Auth::Public) {
        let document = documents.of(route);
        let operation = described(document, route);
        let mut bodies = vec![&operation["requestBody"]];
        let responses = operation["responses"].as_object().unwrap();
        bodies.extend(
            responses
                .iter()
                .filter(|(status, _)| status.starts_with('2') && *status != "204")
                .map(|(_, body)| body),
        );
        for body in bodies.into_iter().filter(|body| !body.is_null()) {
            let media = body["content"].as_object().and_then(|content| content.values().next());
            let media = media.unwrap_or(&Value::Null);
            let shown = media.get("example").is_some() || has_example(document, &media["schema"], 0);
            assert!(shown, "{}: no example in {media}", route.operation);
        }
    }
}

/// Whether a schema, or one that it is made of, shows an example.
fn has_example(document: &Value, schema: &Value, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/components/schemas/")) {
        return has_example(document, &document["components"]["schemas"][name], depth + 1);
    }
    let parts = schema["properties"].as_object().into_iter().flat_map(|map| map.values());
    let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten();
    schema.get("example").is_some()
        || schema.get("examples").is_some()
        || parts.chain(lists).chain(schema.get("items")).any(|part| has_example(document, part, depth + 1))
}

/// The gate of a laptop keeps apart what may wait for somebody outside: the table must know it.
#[tokio::test]
async fn what_calls_out_says_so_in_the_table() {
    for operation in operations().await {
        let (house, sample) = staged(operation).await;
        let before = house.network.sent().len();
        sample.ask(&house).await;
        let called = house.network.sent().len() > before;
        assert!(!called || sample.route.calls_out, "{operation} calls out, and its row does not say so");
    }
}

#[test]
fn a_route_names_each_error_once() {
    for route in ROUTES {
        let kinds = route.error_kinds();
        let distinct: BTreeSet<_> = kinds.iter().map(|kind| *kind as u8).collect();
        assert_eq!(distinct.len(), kinds.len(), "{}", route.operation);
    }
}
