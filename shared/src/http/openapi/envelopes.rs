//! What the error envelopes of the dialects look like, as schemas. What fills them is the dialect's codec (`http::dialect`); a
//! test holds the two together.

use serde_json::{Value, json};

use super::bounds::MOST_BYTES;
use crate::http::dialect::Voice;

/// The schema of an envelope.
pub fn schema(voice: Voice) -> Value {
    let (properties, required) = match voice.schema_name() {
        "ErrorTokens" => tokens(),
        "ErrorInvokati" => invokati(),
        "ErrorB" => b(),
        "ErrorD" => d(),
        "ErrorE" => e(),
        _ => code_and_message(),
    };
    json!({
        "type": "object", "description": "An error. Some carry more keys, such as the decision that stands.",
        "properties": properties, "required": required,
    })
}

fn tokens() -> (Value, Value) {
    let status = json!({ "type": "string", "const": "error", "maxLength": 5 });
    let properties = json!({ "status": status, "code": code(), "message": message(), "errors": errors() });
    (properties, json!(["status", "code", "message"]))
}

fn invokati() -> (Value, Value) {
    let success = json!({ "type": "boolean", "const": false });
    let properties = json!({
        "success": success, "code": code(), "error": sentence(), "message": message(), "errors": errors(),
    });
    (properties, json!(["success", "code", "error", "message"]))
}

fn code_and_message() -> (Value, Value) {
    let properties =
        json!({ "error": code(), "message": message(), "cause": sentence(), "errors": errors() });
    (properties, json!(["error", "message", "cause"]))
}

fn b() -> (Value, Value) {
    let code = json!({
        "type": "string", "description": "Stable code of the error.", "maxLength": 64, "pattern": "^[A-Z_]+$",
        "example": "VALIDATION_ERROR",
    });
    let details = json!({
        "type": "object", "example": { "name": ["is required"] },
        "description": "Field → what is wrong with it; of any other error its `reason`, a finer code, and what else there is to say.",
    });
    let error = json!({
        "type": "object", "required": ["code", "message", "details"],
        "properties": { "code": code, "message": message(), "details": details },
    });
    let success = json!({ "type": "boolean", "const": false });
    (json!({ "success": success, "error": error }), json!(["success", "error"]))
}

fn d() -> (Value, Value) {
    let status_code = json!({
        "type": "integer", "format": "int32", "minimum": 400, "maximum": 599, "example": 400,
        "description": "The HTTP status.",
    });
    let words = json!({
        "type": "string", "description": "The HTTP status in words.", "maxLength": 64, "example": "Bad Request",
    });
    let violation = json!({
        "type": "object", "required": ["path", "code", "message"],
        "properties": { "path": place(), "code": code(), "message": message() },
    });
    let status = json!({ "type": "boolean", "const": false });
    let properties = json!({
        "status": status, "statusCode": status_code, "message": message(), "cause": sentence(), "error": words, "code": code(),
        "errors": { "type": "array", "minItems": 1, "maxItems": 1000, "items": violation,
            "description": "The rules that the request breaks." },
    });
    (properties, json!(["status", "statusCode", "message", "cause", "error", "code"]))
}

fn e() -> (Value, Value) {
    let step = json!({ "type": ["string", "integer"], "format": "int64", "maxLength": MOST_BYTES, "minimum": 0, "maximum": 1_000_000 });
    let violation = json!({
        "type": "object", "required": ["loc", "msg", "type"],
        "properties": {
            "loc": { "type": "array", "minItems": 1, "maxItems": 100, "items": step, "example": ["body", "input"] },
            "msg": message(), "type": code(),
        },
    });
    let detail = json!({
        "description": "What is wrong and what to do; of a request that breaks rules, each of them.",
        "oneOf": [message(), { "type": "array", "minItems": 1, "maxItems": 1000, "items": violation }],
    });
    (json!({ "detail": detail, "code": code() }), json!(["detail", "code"]))
}

fn code() -> Value {
    json!({
        "type": "string", "description": "Stable code of the error.", "maxLength": 64, "pattern": "^[a-z0-9_]+$",
        "example": "validation_failed",
    })
}

/// The message once more, under the name that n8n looks for first.
fn sentence() -> Value {
    let mut sentence = message();
    sentence["description"] = json!("The same sentence: n8n shows it.");
    sentence
}

fn message() -> Value {
    json!({
        "type": "string", "description": "For a person: what is wrong and what to do.", "minLength": 1,
        "maxLength": MOST_BYTES, "example": "title: is required",
    })
}

fn place() -> Value {
    json!({ "type": "string", "description": "Where.", "minLength": 1, "maxLength": MOST_BYTES, "example": "title" })
}

fn errors() -> Value {
    json!({
        "type": "object", "description": "Field → what is wrong with it.", "minProperties": 1,
        "example": { "title": ["is required"] },
        "additionalProperties": {
            "type": "array", "minItems": 1, "maxItems": 100, "items": { "type": "string", "maxLength": MOST_BYTES },
        },
    })
}
