//! What requests may hold, as `http::fields::Fields` reads it: the handlers describe what a field means, and this says
//! in which forms it is taken.
//!
//! Its one rule: whatever fits these schemas is read, and whatever does not is refused. Not written into every pattern are the
//! blanks around a value, which are taken off, the other case of a listed word, and the other spellings of an e-mail address.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{bounds, words};
use crate::{
    config::MAX_BODY_BYTES,
    http::fields::{MAX_URL, MAX_WHOLE},
};

/// An e-mail address, as it is stored where it is ASCII.
const EMAIL: &str = r"[A-Za-z0-9!#$%&*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const DAY_OR_TIME: &str = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ]\S+( [+-]\S+)?)?";

/// Where a field stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Body { required: bool },
    Query,
}

/// A flag as text, in any case.
const FLAG: &str = "[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|[01]";
/// An id as text: its digits, as `<prefix>_<base 62>`, 24 hex digits, or a UUID (`ids::Id`).
const ID: &str = "[1-9][0-9]{0,14}|[a-z]{1,20}_[1-9A-Za-z][0-9A-Za-z]{0,7}|0{12}[0-9a-f]{11}[1-9a-f]|00000000-0000-8000-80[01][0-9a-f]-[0-9a-f]{11}[1-9a-f]";

/// Rewrites every request body and query of the document.
pub fn requests(doc: &mut Value) {
    for name in bodies(doc) {
        let schema = &mut doc["components"]["schemas"][&name];
        if !is_declared(schema) {
            object(&name, schema);
        }
    }
    let Some(paths) = doc["paths"].as_object_mut() else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let owner = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            if is_declared(parameter) {
                continue;
            }
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            if name == "group_id" && parameter.get("description").is_none() {
                parameter["description"] = json!("Only those of this client group.");
            }
            match parameter["in"].as_str() {
                Some("query") => field(&owner, &name, &mut parameter["schema"], Place::Query),
                Some("path") => in_path(&mut parameter["schema"]),
                _ => {}
            }
        }
    }
    let optional: Vec<String> = bodies(doc)
        .into_iter()
        .filter(|name| doc["components"]["schemas"][name]["required"].is_null())
        .filter(|name| doc["components"]["schemas"][name]["allOf"].is_null())
        .map(|name| format!("#/components/schemas/{name}"))
        .collect();
    let Some(paths) = doc["paths"].as_object_mut() else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let Some(body) = operation.get_mut("requestBody") else { continue };
        let schema = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
        // No body at all reads as an object without fields.
        body["required"] = json!(!optional.iter().any(|name| name == schema));
    }
}

/// Takes the mark off what `http::input` describes: it says itself how it is read.
fn is_declared(described: &mut Value) -> bool {
    described.as_object_mut().and_then(|members| members.remove("x-declared")).is_some()
}

/// The schemas that request bodies are made of.
fn bodies(doc: &Value) -> BTreeSet<String> {
    let operations = doc["paths"].as_object().into_iter().flat_map(Map::values);
    let operations = operations.filter_map(Value::as_object).flat_map(Map::values);
    let mut open: Vec<&Value> = operations.filter_map(|operation| operation.get("requestBody")).collect();
    let mut found = BTreeSet::new();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => open.extend(map.values()),
            Value::Array(all) => open.extend(all),
            Value::String(text) => {
                let name = text.strip_prefix("#/components/schemas/");
                if let Some(name) = name.filter(|name| found.insert((*name).to_owned())) {
                    open.push(&doc["components"]["schemas"][name]);
                }
            }
            _ => {}
        }
    }
    found
}

fn object(name: &str, schema: &mut Value) {
    for part in schema["allOf"].as_array_mut().into_iter().flatten() {
        object(name, part);
    }
    let required: BTreeSet<String> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    for (field_name, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        let required = required.contains(field_name);
        field(name, field_name, property, Place::Body { required });
    }
    for empty in ["allOf", "required", "properties"] {
        if schema[empty].is_null()
            && let Some(map) = schema.as_object_mut()
        {
            map.remove(empty);
        }
    }
}

fn field(owner: &str, name: &str, schema: &mut Value, place: Place) {
    // A text that may be left out and not emptied says so by its least length.
    let blank = place != (Place::Body { required: true }) && schema["minLength"].is_null();
    let null = blank && place != Place::Query;
    if let Some(map) = schema.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    if let Some(words) = words::of(owner, name) {
        let mut values: Vec<Value> = words.iter().map(|word| json!(word)).collect();
        values.extend(blank.then(|| json!("")));
        values.extend(null.then_some(Value::Null));
        schema["type"] = types(&["string"], null);
        schema["enum"] = values.into();
        schema["maxLength"] = json!(words.iter().map(|word| word.len()).max());
        return;
    }
    let format = schema.get("format").and_then(Value::as_str).map(str::to_owned);
    match (kind(schema).as_deref(), format.as_deref()) {
        (Some("boolean"), _) => {
            schema["type"] = types(&["boolean", "integer", "string"], null);
            schema["minimum"] = json!(0);
            schema["maximum"] = json!(1);
            schema["format"] = json!("int32");
            text_form(schema, FLAG, blank, 20);
        }
        (Some("integer"), _) if is_id(name) => id(name, schema, blank, null),
        // Brought inside its bounds, whatever number it is.
        (Some("integer"), _) if name == "limit" => {
            for key in ["format", "minimum", "maximum"] {
                schema.as_object_mut().map(|map| map.remove(key));
            }
            schema["type"] = types(&["number", "string"], null);
            text_form(schema, r"[+-]?[0-9]+(\.[0-9]+)?([Ee][+-]?[0-9]+)?", blank, 400);
        }
        (Some("string"), _) if name == "tags" => {
            schema["type"] = types(&["string", "number", "array"], null);
            schema["maxItems"] = json!(50);
            schema["items"] = json!({ "type": ["string", "number", "null"], "maxLength": 100 });
        }
        (Some("integer"), _) => whole(name, schema, blank, null),
        (Some("array"), _) => {
            schema["type"] = types(&["array", "string"], null);
            schema["items"] = items(name, &schema["items"]);
            bounds::list(schema, bounds::MOST_ITEMS);
            text_form(schema, r"\[[\s\S]*\]", blank, MAX_BODY_BYTES);
            schema["format"] = json!("json");
        }
        // Read as a part of the request, and never as text.
        (Some("object"), _) if name == "execution_data" => {}
        (Some("object"), _) => {
            schema["type"] = types(&["object", "string"], null);
            text_form(schema, r"\{[\s\S]*\}", blank, MAX_BODY_BYTES);
            schema["format"] = json!("json");
        }
        (Some("string"), Some("uri" | "email" | "date-time" | "time")) => {
            schema["type"] = types(&["string"], null);
            let pattern = match format.as_deref() {
                // What other addresses are made from.
                Some("uri") if ["host", "webhook_url", "base_url"].contains(&name) => {
                    r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\]+(/[^\s?#]*)?"
                }
                Some("uri") => r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\]+([/?#]\S*)?",
                Some("email") => EMAIL,
                _ => DAY_OR_TIME,
            };
            let most = if format.as_deref() == Some("uri") { MAX_URL } else { 40 };
            text_form(schema, pattern, blank, most);
            // Names of our own: those of JSON Schema would forbid what is taken, such as the blank text and the mere day.
            schema["format"] = match format.as_deref() {
                Some("uri") => json!("http-url"),
                Some("email") => json!("email-address"),
                _ => json!("day-or-time"),
            };
        }
        (Some("string"), Some("moment")) => {
            schema["type"] = types(&["integer", "string"], null);
            schema["minimum"] = json!(0);
            schema["maximum"] = json!(253_402_300_799_999_i64);
            text_form(schema, &format!("{DAY_OR_TIME}|[0-9]{{1,11}}"), blank, 40);
            schema["format"] = json!("day-or-time");
        }
        (Some("string"), _) if schema.get("pattern").is_some() => {
            let own = schema["pattern"].as_str().unwrap_or_default().to_owned();
            let kinds: &[&str] = if name == "workflow_id" { &["string", "number"] } else { &["string"] };
            schema["type"] = types(kinds, null);
            // One that is not anchored asks for something within the text.
            if own.starts_with('^') {
                text_form(schema, own.trim_start_matches('^').trim_end_matches('$'), blank, 50);
            }
        }
        (Some("string"), _) if place == Place::Query => {}
        (Some("string"), _) => {
            schema["type"] = types(&["string", "number"], null);
            if !blank {
                schema["minLength"] = json!(1);
                schema["pattern"] = json!(r"\S");
            }
        }
        // Any value.
        _ if !blank => {
            schema["type"] = json!(["string", "number", "boolean", "object", "array"]);
            schema["minLength"] = json!(1);
            schema["maxLength"] = json!(MAX_BODY_BYTES);
            schema["maxItems"] = json!(bounds::MOST_ITEMS);
            schema["items"] = json!({});
            schema["pattern"] = json!(r"\S");
        }
        _ => {}
    }
}

/// What stands at the end of an address. Any other text is an id of nothing.
fn in_path(schema: &mut Value) {
    if kind(schema).as_deref() == Some("integer") {
        schema["minimum"] = json!(1);
        schema["maximum"] = json!(MAX_WHOLE);
    } else {
        schema["minLength"] = json!(1);
        schema["maxLength"] = json!(200);
    }
}

fn is_id(name: &str) -> bool {
    name == "id" || name == "nid" || name.ends_with("_id")
}

fn id(name: &str, schema: &mut Value, blank: bool, null: bool) {
    // 0 takes an item out of its collection.
    let none = name == "collection_id" && null;
    schema["type"] = types(&["integer", "string"], null);
    schema["format"] = json!("int64");
    schema["minimum"] = json!(u8::from(!none));
    schema["maximum"] = json!(MAX_WHOLE);
    let text = if none { format!("0|{ID}") } else { ID.to_owned() };
    text_form(schema, &text, blank, 64);
}

fn whole(name: &str, schema: &mut Value, blank: bool, null: bool) {
    let narrow = name != "page" && schema.get("format").is_some_and(|format| format == "int32");
    let widest = if narrow { u64::from(u32::MAX) } else { MAX_WHOLE };
    let most = schema.get("maximum").and_then(Value::as_u64).unwrap_or(widest);
    let flag = matches!(name, "human_interaction" | "unread");
    let most = if flag { 1 } else { most };
    schema["type"] = types(&["integer", "string"], null);
    schema["format"] = json!("int64");
    schema["minimum"] = json!(0);
    schema["maximum"] = json!(most);
    let digits = most.to_string().len();
    // As many digits as every number of that length may have, and the greatest.
    let text = match (flag, digits) {
        (true, _) => FLAG.to_owned(),
        (_, 1) => format!("[0-{most}](\\.0+)?"),
        _ => format!("([0-9]{{1,{}}}|{most})(\\.0+)?", digits - 1),
    };
    text_form(schema, &text, blank, 40);
}

/// The elements of a list.
fn items(name: &str, schema: &Value) -> Value {
    let mut items = schema.clone();
    match kind(&items).as_deref() {
        Some("integer") if name == "ids" => id("id", &mut items, false, false),
        Some("string") => {
            items["type"] = json!(["string", "number"]);
            items["maxLength"] = json!(200);
        }
        _ => {}
    }
    items
}

/// The type that a schema names beside null.
fn kind(schema: &Value) -> Option<String> {
    match schema.get("type")? {
        Value::String(one) => Some(one.clone()),
        Value::Array(all) => {
            all.iter().filter_map(Value::as_str).find(|one| *one != "null").map(str::to_owned)
        }
        _ => None,
    }
}

fn types(names: &[&str], null: bool) -> Value {
    let all: Vec<&str> = names.iter().copied().chain(null.then_some("null")).collect();
    if let [one] = all[..] { json!(one) } else { json!(all) }
}

/// The value as text or, where it may be left out, the empty one. Blanks around it are taken off, which no pattern says.
fn text_form(schema: &mut Value, pattern: &str, blank: bool, most: usize) {
    let pattern = if blank { format!("|{pattern}") } else { pattern.to_owned() };
    schema["pattern"] = json!(format!("^({pattern})$"));
    if schema.get("maxLength").is_none() {
        schema["maxLength"] = json!(most);
    }
    if let Some(map) = schema.as_object_mut() {
        map.remove("minLength");
    }
}
