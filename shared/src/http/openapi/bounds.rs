//! Bounds of what replies hold: nothing is longer than a reply can be.

use serde_json::{Map, Value, json};

use crate::http::page;

/// What Lambda takes and gives in one invocation, which is what a text can be long at the most.
pub const MOST_BYTES: usize = crate::config::MAX_BODY_BYTES;
/// Elements that fit into that: each needs a character and a comma.
const MOST_ITEMS: usize = MOST_BYTES / 2;
/// Greatest whole number that every JSON reader keeps exact.
const MOST: i64 = (1 << 53) - 1;

/// Adds bounds to every schema that has none.
pub fn replies(doc: &mut Value) {
    for schema in doc["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        schema_bounds("", schema);
    }
    let paths = doc["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            // What has no content is not to get any by being asked.
            let content = response.get_mut("content").and_then(Value::as_object_mut);
            for media in content.into_iter().flat_map(Map::values_mut) {
                schema_bounds("", &mut media["schema"]);
            }
        }
    }
}

fn schema_bounds(name: &str, schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    let types = map.get("type").cloned().unwrap_or_default();
    let holds =
        |kind: &str| types == kind || types.as_array().is_some_and(|all| all.iter().any(|t| t == kind));
    if holds("integer") {
        map.entry("format").or_insert_with(|| json!("int64"));
        map.entry("minimum").or_insert_with(|| json!(0));
        map.entry("maximum").or_insert_with(|| json!(MOST));
    }
    // The words that a reply lists: utoipa has an enum for nothing but an enum of its own.
    if let Some(Value::Array(words)) = map.remove("x-words") {
        let null = holds("null").then_some(Value::Null);
        map.insert("enum".into(), words.into_iter().chain(null).collect());
        map.insert("maxLength".into(), json!(MOST_BYTES));
    }
    if holds("string") && !map.contains_key("enum") {
        if name.ends_with("_at") && !map.contains_key("format") && !map.contains_key("pattern") {
            map.insert("format".into(), json!("date-time"));
        }
        let longest =
            if map.get("format").is_some_and(|format| format == "date-time") { 40 } else { MOST_BYTES };
        map.entry("maxLength").or_insert_with(|| json!(longest));
    }
    if holds("array") {
        list(schema, MOST_ITEMS);
    }
    let Some(map) = schema.as_object_mut() else { return };
    let paged = map.get("properties").is_some_and(|all| all.get("next_cursor").is_some());
    for (name, property) in map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        if paged && property["type"] == "array" {
            list(property, page::MAX_LIMIT);
        }
        schema_bounds(name, property);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for part in map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            schema_bounds(name, part);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(part) = map.get_mut(key) {
            schema_bounds("", part);
        }
    }
}

/// Bounds the length of a list that says nothing of it.
fn list(schema: &mut Value, most: usize) {
    if let Some(map) = schema.as_object_mut() {
        map.entry("maxItems").or_insert_with(|| json!(most));
    }
}
