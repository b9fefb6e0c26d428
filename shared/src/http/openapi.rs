//! The API document: what the handlers say of themselves, completed from the route table: credentials, errors, headers.

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use super::{
    cookies, problem,
    routes::{self, Auth, Dialect, RateClass, Route},
};

/// The document as JSON, in the order of its paths.
pub fn complete(mut api: OpenApi) -> Value {
    api.info.title = "Baton".into();
    api.info.version = env!("CARGO_PKG_VERSION").into();
    api.info.description = Some(
        "The serverless back office behind n8n: token usage, payloads, human review with guaranteed resume, triggers \
         and execution data.\n\nSend the API key, or the token of a login, as `X-API-Key` or as `Authorization: Bearer`. \
         Every POST that takes an API key honours an `Idempotency-Key` for 24 hours. Every reply carries an `X-Request-Id`."
            .into(),
    );
    let mut doc = serde_json::to_value(&api).unwrap_or_default();
    doc["info"]["license"] = json!({ "name": "MIT", "identifier": "MIT" });
    doc["info"]["contact"] = json!({ "name": "Baton" });
    doc["servers"] = json!([{ "url": "/", "description": "This server" }]);
    doc["components"]["securitySchemes"] = json!({
        "api_key": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
        "bearer": { "type": "http", "scheme": "bearer", "description": "An API key, or the token of a login." },
        "session": {
            "type": "apiKey", "in": "cookie", "name": cookies::SESSION,
            "description": "Set by a login. Every method but GET and HEAD needs the header X-CSRF-Token beside it.",
        },
    });
    for dialect in [Dialect::Tokens, Dialect::Invokati, Dialect::DripPulse, Dialect::House] {
        doc["components"]["schemas"][schema_name(dialect)] = error_schema(dialect);
    }
    for route in routes::ROUTES {
        let verb = route.method.as_str().to_ascii_lowercase();
        let operation = &mut doc["paths"][route.path][&verb];
        if operation.is_object() {
            complete_operation(operation, route);
        }
    }
    doc
}

fn complete_operation(operation: &mut Value, route: &Route) {
    operation["security"] = match route.auth {
        Auth::Scope(_) => json!([{ "api_key": [] }, { "bearer": [] }, { "session": [] }]),
        Auth::Session => json!([{ "bearer": [] }, { "session": [] }]),
        Auth::Public => json!([]),
    };
    if let Auth::Scope(scope) = route.auth
        && scope != routes::TEST_SCOPE
    {
        operation["x-scope"] = json!(scope);
    }
    for kind in route.errors() {
        let status = problem::status(kind, route.dialect).as_u16().to_string();
        let mut response = json!({
            "description": description(kind),
            "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{}", schema_name(route.dialect)) },
                "example": problem::schema_example(kind, route.dialect),
            }},
        });
        if matches!(status.as_str(), "429" | "503") {
            response["headers"] = json!({ "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "integer" } } });
        }
        // Two kinds may share a status: the first one describes it.
        if operation["responses"].get(&status).is_none() {
            operation["responses"][status] = response;
        }
    }
    if route.remembers() {
        push_parameter(
            operation,
            json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "A repeat with the same key and the same request gets the first reply again, for 24 hours.",
                "schema": { "type": "string", "maxLength": 255 },
            }),
        );
    }
    let limited = route.rate != RateClass::None;
    if let Some(responses) = operation["responses"].as_object_mut() {
        for response in responses.values_mut() {
            response["headers"]["X-Request-Id"] =
                json!({ "description": "Id of the request, for support.", "schema": { "type": "string" } });
            if limited {
                for (name, what) in [
                    ("Limit", "Requests a minute."),
                    ("Remaining", "Requests left."),
                    ("Reset", "Unix seconds at which the minute ends."),
                ] {
                    response["headers"][format!("X-RateLimit-{name}")] =
                        json!({ "description": what, "schema": { "type": "integer" } });
                }
            }
        }
    }
}

fn push_parameter(operation: &mut Value, parameter: Value) {
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(all) => all.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn schema_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Tokens => "ErrorTokens",
        Dialect::Invokati => "ErrorInvokati",
        Dialect::DripPulse => "ErrorDripPulse",
        Dialect::House => "ErrorHouse",
    }
}

fn error_schema(dialect: Dialect) -> Value {
    let text = |what: &str| json!({ "type": "string", "description": what });
    let errors = json!({
        "type": "object", "description": "Field → what is wrong with it.",
        "additionalProperties": { "type": "array", "items": { "type": "string" } },
    });
    let message = text("For a person: what is wrong and what to do.");
    let code = "Stable code of the error.";
    let (properties, required) = match dialect {
        Dialect::Tokens => (
            json!({ "status": { "type": "string", "const": "error" }, "code": text(code), "message": message, "errors": errors }),
            json!(["status", "code", "message"]),
        ),
        Dialect::Invokati => (
            json!({ "success": { "type": "boolean", "const": false }, "error": text(code), "message": message, "errors": errors }),
            json!(["success", "error", "message"]),
        ),
        Dialect::DripPulse | Dialect::House => (
            json!({ "error": text(code), "message": message, "errors": errors }),
            json!(["error", "message"]),
        ),
    };
    json!({ "type": "object", "properties": properties, "required": required })
}

fn description(kind: crate::error::ErrorKind) -> &'static str {
    use crate::error::ErrorKind::*;
    match kind {
        Malformed => "The request cannot be read.",
        Invalid => "Fields break rules; `errors` names them all.",
        Unauthenticated => "No credential.",
        CredentialRejected => "The credential is invalid, expired or revoked.",
        Forbidden => "The credential may not do this.",
        NotFound => "There is no such thing, or it belongs to somebody else.",
        MethodNotAllowed => "The address does not answer this method.",
        Conflict => {
            "The Idempotency-Key was used for another request or is in use, or the record changed meanwhile."
        }
        WrongState => "What was done before does not allow it.",
        TooLarge => "The body is too large.",
        UnsupportedMedia => "The body is not declared as JSON.",
        RateLimited => "Too many of these requests; `Retry-After` says how long to wait.",
        Upstream => "n8n answered with an error, or not at all.",
        UpstreamTimeout => "n8n did not answer in time.",
        Unavailable => "Try again shortly.",
        Internal => "Something went wrong on our side.",
    }
}
