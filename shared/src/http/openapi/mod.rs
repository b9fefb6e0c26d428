//! The API documents, one for each dialect: what the handlers say of themselves, completed with what the house knows of every
//! route: group, credentials, scopes, limits, errors and headers from the route table, and how leniently a request is read.

mod bounds;
mod envelopes;
mod replies;
mod requests;

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use super::{
    cookies,
    dialect::Dialect,
    rate::WINDOW,
    routes::{self, Auth, RateClass, Route},
};
use crate::{config::Settings, domain::dialect::Letter};

/// The groups of operations, in the order of a reader's interest.
const TAGS: &[(&str, &str)] = &[
    ("token usage", "What model calls used and cost."),
    ("prices and budgets", "What model calls are to cost, and how much may be spent on them."),
    ("triggers", "Start n8n workflows, and hear how they are doing."),
    ("workflows", "Workflows of the run engine."),
    ("events", "What happened."),
    ("audit log", "Who did what with keys, roles, settings, logins and decisions."),
    ("payloads", "Anything that a workflow made, to be read or decided on."),
    ("reviews", "A person's decisions. Each wakes the n8n execution that waits for it."),
    ("leads", "Leads, without duplicates."),
    ("pipeline", "Statuses and custom fields of leads, and the columns of their list."),
    ("media", "Media items."),
    ("collections", "Collections of media items."),
    ("installations", "n8n instances, their workflows, and executions that they push."),
    ("alerts", "Rules that tell of workflows that fail, are silent or are stuck."),
    ("team members", "The people of the organization: invited, changed, removed."),
    ("sessions", "A person's own credentials."),
    (
        "api keys",
        "What programs call with: what each may do, from where and how often, and how often it did.",
    ),
    (
        "client groups",
        "In each an agency keeps what is one client's. People and keys may be bound to some of them.",
    ),
    ("account", "The organization itself: its name, its plan, whom bills go to."),
    ("projects", "What workflows are for, by name."),
    ("notifications", "Notifications to people."),
    ("invoices", "Invoices."),
    ("chats", "Logs of chats that workflows hold."),
    ("n8n nodes", "Nodes to copy and paste into n8n."),
    ("service", "The service itself."),
];

/// What a document says of itself before its operations.
const ABOUT: &str = "The serverless back office behind n8n: token usage, payloads, human review with guaranteed resume, triggers \
    and execution data.";
const ADMISSION: &str = "Send the API key, or the token of a login, as `X-API-Key` or as `Authorization: Bearer`. \
    Every POST that takes an API key honours an `Idempotency-Key` for 24 hours. Every reply carries an `X-Request-Id`.";
const LENIENCY: &str = "Requests are read leniently, because n8n sends what its users typed: a number or a flag may \
    come as text, an id as a number or as text, and a blank text or null is a field left out. Fields that are not \
    described are ignored, but for those of a lead: they are its custom fields.";
const RAILS: &str = "`PUT` is taken for `PATCH`, and the fields of a body may stand in an object that is called like the \
    thing: `{\"lead\": {…}}`.";
const SHARED: &str = "Other dialects have some of these paths too. A key that is sent as the document says is answered in its \
    words; `X-Api-Dialect` says it for certain.";

/// The dialect whose document shows a route: A's has the house's own as well.
pub fn shown_in(route: &Route) -> Letter {
    route.dialect.letter.unwrap_or(Letter::A)
}

fn description(dialect: &Dialect) -> String {
    let said = [
        (true, ABOUT),
        (true, ADMISSION),
        (dialect.letter != Some(Letter::A) && dialect.letter != Some(Letter::C), SHARED),
        (dialect.put_is_patch, RAILS),
        (dialect.lenient, LENIENCY),
    ];
    let said: Vec<_> = said.into_iter().filter_map(|(says, text)| says.then_some(text)).collect();
    said.join("\n\n")
}

/// The document of a dialect as JSON, in the order of its paths. `api` is what its handlers say of themselves.
pub fn complete(letter: Letter, mut api: OpenApi) -> Value {
    let dialect = Dialect::of(letter);
    api.info.title = match letter {
        Letter::A => "Baton".into(),
        other => format!("Baton, dialect {}", other.as_str().to_uppercase()),
    };
    api.info.version = env!("CARGO_PKG_VERSION").into();
    api.info.description = Some(description(dialect));
    let routes: Vec<_> = routes::ROUTES.iter().filter(|route| shown_in(route) == letter).collect();
    let mut doc = serde_json::to_value(&api).unwrap_or_default();
    doc["info"]["license"] = json!({ "name": "MIT", "identifier": "MIT" });
    doc["info"]["contact"] = json!({ "name": "Baton" });
    doc["servers"] = json!([{
        "url": "/",
        "description": "The server that shows this document: local, staging or production.",
        "x-internal": false,
    }]);
    let used = TAGS.iter().filter(|(name, _)| routes.iter().any(|route| route.tag == *name));
    doc["tags"] = used.map(|(name, what)| json!({ "name": name, "description": what })).collect();
    doc["components"]["securitySchemes"] = json!({
        "api_key": {
            "type": "apiKey", "in": "header", "name": "X-API-Key",
            "description": "An API key, or the token of a login.",
        },
        "bearer": { "type": "http", "scheme": "bearer", "description": "An API key, or the token of a login." },
        "session": {
            "type": "apiKey", "in": "cookie", "name": cookies::SESSION,
            "description": "Set by a login. Every method but GET and HEAD needs the header X-CSRF-Token beside it.",
        },
    });
    replies::records(&mut doc);
    requests::complete(&mut doc);
    bounds::replies(&mut doc);
    replies::components(&mut doc, &routes);
    let mut components = doc["components"].take();
    for route in routes {
        let verb = route.method.as_str().to_ascii_lowercase();
        let operation = &mut doc["paths"][route.path][&verb];
        if operation.is_object() {
            complete_operation(operation, &mut components, route);
        }
    }
    doc["components"] = components;
    replies::drop_unused(&mut doc);
    doc
}

fn complete_operation(operation: &mut Value, components: &mut Value, route: &Route) {
    operation["tags"] = json!([route.tag]);
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
    if let Some((class, requests)) = route.rate.limit(&Settings::default()) {
        operation["x-rate-limit"] =
            json!({ "class": class, "requests": requests, "seconds": WINDOW, "per": "API key or user" });
    }
    let summary = operation["summary"].as_str().unwrap_or_default().to_owned();
    let more = operation["description"].as_str().map(str::to_owned);
    operation["description"] = json!(format!("{}\n\n{}", more.unwrap_or(summary), admission(route)));
    for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        replies::headers(response, route);
    }
    for refusal in replies::refusals(route) {
        operation["responses"][&refusal.status] = refusal.reference();
        components["responses"][&refusal.name] = refusal.describe();
    }
    if route.remembers() {
        push_parameter(
            operation,
            json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "A repeat with the same key and the same request gets the first reply again, for 24 hours.",
                "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\t -~]*[!-~][\t -~]*$" },
                "example": "7f1c2b1e-exec-551",
            }),
        );
    }
}

/// What a caller needs, as a sentence.
fn admission(route: &Route) -> String {
    let mut text = match route.auth {
        Auth::Public => "Needs no credential.".to_owned(),
        Auth::Session => "Needs a session; an API key cannot do this.".to_owned(),
        Auth::Scope(routes::TEST_SCOPE) => "Needs a credential; any scope will do.".to_owned(),
        Auth::Scope(scope) => match route.passes_on {
            [] => format!("Needs the scope `{scope}`."),
            more => {
                format!("Needs the scope `{scope}`, and those that it passes on: `{}`.", more.join("`, `"))
            }
        },
    };
    if route.own_key {
        text.push_str(" An API key may do it to itself, whatever its scopes are.");
    }
    if route.rate != RateClass::None {
        text.push_str(" Limited: see `x-rate-limit`; all operations of a class count together.");
    }
    text
}

fn push_parameter(operation: &mut Value, parameter: Value) {
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(all) => all.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}
