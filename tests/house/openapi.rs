//! The published API document is what the code says of itself.

use std::collections::BTreeSet;

use shared::{
    domain::dialect::Letter,
    http::{dialect, routes::ROUTES},
};

/// `template.yaml` sends each route to the function that the table names (`shared/tests/template.rs`); here is whether
/// that function knows it.
#[test]
fn every_function_has_the_routes_that_the_table_gives_it() {
    for (function, router) in local_host::routers() {
        for dialect in dialect::ALL {
            let api = router.document_of(dialect.letter);
            let paths = serde_json::to_value(&api.paths.paths).unwrap();
            let verbs = |(path, item): (&String, &serde_json::Value)| -> Vec<(String, String)> {
                item.as_object().unwrap().keys().map(|verb| (verb.to_uppercase(), path.clone())).collect()
            };
            let routed: BTreeSet<_> = paths.as_object().unwrap().iter().flat_map(verbs).collect();
            let listed = ROUTES.iter().filter(|route| route.function == function && route.dialect == dialect);
            let listed = listed.map(|route| (route.method.as_str().to_owned(), route.path.to_owned()));
            assert_eq!(routed, listed.collect(), "{function} {dialect:?}");
        }
    }
    let functions: BTreeSet<_> = local_host::routers().map(|(function, _)| function).into();
    assert_eq!(functions, ROUTES.iter().map(|route| route.function).collect());
}

/// Two types of one name are one schema in the document, and one of them is then described as the other.
#[test]
fn no_two_schemas_share_a_name() {
    let mut seen = BTreeSet::new();
    for source in sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")) {
        let text = std::fs::read_to_string(&source).unwrap();
        let mut names = Vec::new();
        for part in text.split("#[derive(").skip(1).filter(|part| derives_schema(part)) {
            let (head, _) = part.split_once('{').unwrap();
            let renamed = head.split_once("schema(as = ").map(|(_, rest)| rest.split(')').next().unwrap());
            let declared =
                head.split(['\n', ' ']).skip_while(|word| !["struct", "enum"].contains(word)).nth(1);
            names.push(renamed.or(declared).unwrap());
        }
        names.extend(
            ["shared::ack! {", "shared::listing! {"].into_iter().flat_map(|shape| shaped(&text, shape)),
        );
        // A macro names what its callers say.
        for name in names.into_iter().filter(|name| !name.starts_with('$')) {
            let file = source.display();
            assert!(seen.insert(name.to_owned()), "{file}: {name} is described elsewhere: #[schema(as = …)]");
        }
    }
    assert!(seen.len() > 80, "the sources were not read: {seen:?}");
}

/// The schemas that are declared as one of the shapes of `http::ack`: `Deleted as DeletedLead, …`.
fn shaped<'a>(text: &'a str, shape: &'static str) -> impl Iterator<Item = &'a str> {
    text.split(shape).skip(1).map(|part| {
        let declared =
            part.lines().map(str::trim).find(|line| line.contains(" as ") && !line.starts_with("//"));
        let (_, schema) = declared.unwrap().split_once(" as ").unwrap();
        schema.split([',', ' ']).next().unwrap()
    })
}

fn derives_schema(part: &str) -> bool {
    part.split_once(")]").is_some_and(|(derived, _)| derived.contains("ToSchema"))
}

fn sources(root: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut open = vec![root.join("functions"), root.join("shared/src")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push(entry);
            }
        }
    }
    found
}

/// Compared as text, so that the files in the repository show every change of the contract in their diff.
#[test]
fn the_published_documents_are_the_codes_own() {
    for (letter, published) in [
        (Letter::A, include_str!("../../docs/openapi/a.json")),
        (Letter::B, include_str!("../../docs/openapi/b.json")),
        (Letter::C, include_str!("../../docs/openapi/c.json")),
        (Letter::D, include_str!("../../docs/openapi/d.json")),
        (Letter::E, include_str!("../../docs/openapi/e.json")),
    ] {
        assert!(
            published.trim_end() == local_host::api_document(letter).trim_end(),
            "docs/openapi/{}.json is not what the code says. Refresh it: just openapi",
            letter.as_str()
        );
    }
}
