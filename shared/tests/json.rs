//! No struct reads the JSON of others into a tree of serde_json's: its `Deserialize` gives a key a meaning.
//!
//! The sources are read as text. What clippy bans by its path (`clippy.toml`), it bans where it is called; a field is only
//! named.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The sources of the product.
fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut open = vec![root.join("shared/src"), root.join("functions"), root.join("infra/local/src")];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push(entry);
            }
        }
    }
    found
}

/// The fields of the structs and enums of a source whose `Deserialize` is derived, each with its attributes.
fn read_fields(source: &str) -> Vec<String> {
    let mut fields = Vec::new();
    for part in source.split("#[derive(").skip(1) {
        let (derived, rest) = part.split_once(")]").unwrap();
        if !derived.split([',', ' ', ':']).any(|word| word == "Deserialize") {
            continue;
        }
        // A body ends at a brace or a semicolon that nothing is indented before.
        let indent = "\n".to_owned();
        let end = [format!("{indent}}}"), format!("{indent}    }}"), ";\n".to_owned()];
        let body =
            end.iter().filter_map(|end| rest.find(end.as_str())).min().map_or(rest, |end| &rest[..end]);
        let mut field = String::new();
        for line in body.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            field.push_str(line);
            if line.ends_with(',') || line.ends_with(')') || line.ends_with('{') {
                fields.push(std::mem::take(&mut field));
            }
        }
        fields.push(field);
    }
    fields
}

/// Whether a type is one of serde_json's trees, or has one in it.
fn is_tree(field: &str) -> bool {
    let words: Vec<_> = field.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    words.iter().any(|word| ["Value", "RawValue"].contains(word))
        || field.contains("serde_json::Map")
        || field.contains(" Map<")
        || field.contains("<Map<")
        || field.contains("(Map<")
}

#[test]
fn no_derived_deserialize_reads_a_tree() {
    let mut seen = 0;
    for path in sources() {
        for field in read_fields(&fs::read_to_string(&path).unwrap()) {
            let is_safe = field.contains("deserialize_with = \"json::values\"");
            assert!(
                is_safe || !is_tree(&field),
                "{}: `{field}` is read by serde_json's own Deserialize. Make it a json::Tree.",
                path.display()
            );
            seen += 1;
        }
    }
    assert!(seen > 400, "the sources were not read: {seen} fields");
}

#[test]
fn the_scan_sees_a_tree_wherever_it_hides() {
    for field in [
        "pub rest: Map<String, Value>,",
        "data: Option<serde_json::Value>,",
        "Any(Vec<Value>),",
        "struct Raw(Box<RawValue>)",
        "custom: BTreeMap<String, Value>,",
        "rest: serde_json::Map<String, json::Tree>,",
    ] {
        let source = format!(
            "#[derive(Debug, Deserialize)]\npub struct X {{\n    a: u8,\n    {field}\n}}\nfn f() {{}}\n"
        );
        assert!(read_fields(&source).iter().any(|field| is_tree(field)), "{field}");
    }
    let serialized = "#[derive(Serialize)]\nstruct X {\n    a: Value,\n}\n";
    assert!(read_fields(serialized).is_empty());
    assert!(!is_tree("values: BTreeMap<String, Tree>,"));
}
