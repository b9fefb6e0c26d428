//! What the document says of requests beside what inputs declare of themselves (`http::input`).

use serde_json::{Map, Value, json};

use crate::http::fields::MAX_WHOLE;

/// Longest text at the end of an address.
const MOST_CHARS: usize = 200;

/// Completes every operation.
pub fn complete(doc: &mut Value) {
    let schemas = doc.pointer("/components/schemas").cloned().unwrap_or_default();
    let paths = doc["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] == "path" {
                in_path(&mut parameter["schema"]);
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            body["required"] = json!(asks_for_something(body, &schemas));
        }
    }
}

/// No body at all reads as an object without fields.
fn asks_for_something(body: &Value, schemas: &Value) -> bool {
    let named = body["content"]["application/json"]["schema"]["$ref"].as_str();
    let schema = named.and_then(|name| schemas.get(name.rsplit('/').next()?));
    schema.is_none_or(|schema| schema.get("required").is_some())
}

/// What stands at the end of an address. Any other text is an id of nothing.
fn in_path(schema: &mut Value) {
    if schema["type"] == "integer" {
        schema["minimum"] = json!(1);
        schema["maximum"] = json!(MAX_WHOLE);
    } else {
        schema["minLength"] = json!(1);
        schema["maxLength"] = json!(MOST_CHARS);
    }
}
