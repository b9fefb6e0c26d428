//! What clients do: small programs, thrown with dice, each of which asks one thing after the other until it is done.
//!
//! Its one rule: a program does not go on before its request was answered for good. Until then the same request is sent
//! again: with its `Idempotency-Key` where the route remembers, and otherwise only what may be said twice.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::{
    dice::Dice,
    support::Answer,
    world::{COLLECTIONS, Entity, PEOPLE, PUSHED, SESSIONS, USED, World},
};

pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub key: Option<String>,
    pub body: Option<Value>,
}

/// What a program makes of an answer.
pub enum Next {
    Done,
    Goes,
    /// The same again.
    Again,
}

pub struct Program {
    what: What,
    number: u64,
    step: u64,
    /// The request may have been done already, though nobody said so.
    pub unsure: bool,
}

enum What {
    Review { entity: Entity, acts: VecDeque<Act> },
    Once(Once),
}

/// One request under one key.
#[derive(Clone, Copy)]
enum Once {
    Usage { workflow: &'static str, tokens: u64 },
    Push { execution: u64 },
    Trigger,
    Lead { person: u64, on_duplicate: &'static str },
    Media { collection: &'static str },
    Unfile { id: u64, collection: &'static str },
    Message { session: &'static str },
    Register,
}

/// What happens to an entity that a workflow posted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Create,
    Update,
    Delete,
    Decide(&'static str),
    /// The same decision again, and another one.
    DecideAgain(&'static str),
    DecideOtherwise(&'static str),
    /// Until n8n has heard of the decisions so far.
    AwaitN8n,
    Repost,
}

const KINDS: [(&str, &str, &str, &str); 4] = [
    ("custom_payload", "/automation/payload/create", "/api/payloads", "title"),
    ("media_item", "/automation/media/create", "/api/media", "title"),
    ("lead", "/api/leads", "/api/leads", "last_name"),
    ("invoice", "/api/invoices", "/api/invoices", "title"),
];

impl Program {
    pub fn throw(world: &World, dice: &mut Dice) -> Self {
        let number = world.number();
        let what = match dice.below(100) {
            0..45 => review(dice, number),
            45..60 => What::Once(Once::Usage { workflow: dice.one(&USED), tokens: 1 + dice.below(1000) }),
            60..66 => What::Once(Once::Push { execution: 1 + dice.below(40) }),
            66..74 => What::Once(Once::Trigger),
            74..84 => What::Once(Once::Lead {
                person: dice.below(PEOPLE),
                on_duplicate: dice.one(&["ignore", "update"]),
            }),
            84..91 => What::Once(Once::Media { collection: dice.one(&COLLECTIONS) }),
            91..98 => What::Once(Once::Message { session: dice.one(&SESSIONS) }),
            _ => What::Once(Once::Register),
        };
        Self { what, number, step: 0, unsure: false }
    }

    /// The next request; none while there is something to wait for.
    pub fn request(&mut self, world: &World) -> Option<Request> {
        let key = Some(format!("program-{}-{}", self.number, self.step));
        match &mut self.what {
            What::Review { entity, acts } => {
                if acts.front() == Some(&Act::AwaitN8n)
                    && world.told(entity.execution).len() >= entity.decisions.len()
                {
                    acts.pop_front();
                }
                act(world, entity, *acts.front()?, key)
            }
            What::Once(once) => Some(ask(world, *once, self.number, key)),
        }
    }

    /// Takes an answer that is final.
    pub fn answered(&mut self, world: &World, answer: &Answer) -> Next {
        let next = match &mut self.what {
            What::Review { entity, acts } => {
                let done = acts.front().is_none_or(|act| took(world, entity, *act, answer, self.unsure));
                if done {
                    acts.pop_front();
                }
                match (done, acts.is_empty()) {
                    (false, _) => Next::Again,
                    (true, false) => Next::Goes,
                    (true, true) => {
                        world.model.lock().unwrap().entities.push(entity.clone());
                        Next::Done
                    }
                }
            }
            What::Once(once) => match record(world, *once, self.number, answer, self.unsure) {
                Some(follows) => {
                    *once = follows;
                    Next::Goes
                }
                None => Next::Done,
            },
        };
        if !matches!(next, Next::Again) {
            self.step += 1;
            self.unsure = false;
        }
        next
    }

    pub fn describe(&self) -> String {
        match &self.what {
            What::Review { entity, acts } => format!("{entity:?}, to do {acts:?}"),
            What::Once(_) => format!("program {}", self.number),
        }
    }
}

fn review(dice: &mut Dice, number: u64) -> What {
    let kind = dice.one(&KINDS);
    let mut acts = VecDeque::from([Act::Create]);
    if dice.chance(30) {
        acts.push_back(Act::Update);
    }
    let verbs = ["approve", "deny"];
    match dice.below(10) {
        0 => acts.push_back(Act::Delete),
        1..4 if kind.0 == "custom_payload" || kind.0 == "media_item" => {
            acts.extend([
                Act::Decide("regenerate"),
                Act::AwaitN8n,
                Act::Repost,
                Act::Decide(dice.one(&verbs)),
            ]);
        }
        _ => {
            let verb = dice.one(&verbs);
            acts.push_back(Act::Decide(verb));
            if dice.chance(30) {
                acts.push_back(Act::Update);
            }
            if dice.chance(40) {
                acts.push_back(Act::DecideAgain(verb));
            }
            if dice.chance(40) {
                acts.push_back(Act::DecideOtherwise(if verb == "deny" { "approve" } else { "deny" }));
            }
            if dice.chance(15) {
                // What n8n has not heard yet outlives the entity.
                acts.extend(dice.chance(50).then_some(Act::AwaitN8n));
                acts.push_back(Act::Delete);
            }
        }
    }
    let entity = Entity {
        path: kind.2,
        id: 0,
        execution: number,
        field: kind.3,
        text: format!("Text {number}"),
        decisions: Vec::new(),
        reposts: 0,
        deleted: false,
    };
    What::Review { entity, acts }
}

fn act(world: &World, entity: &Entity, act: Act, key: Option<String>) -> Option<Request> {
    let kind = KINDS.iter().find(|kind| kind.2 == entity.path)?;
    let one = format!("{}/{}", entity.path, entity.id);
    let decide = |verb: &str| {
        (format!("/automation/{verb}"), json!({ "entity_id": entity.id, "entity_type": kind.0 }))
    };
    let (method, path, key, body) = match act {
        Act::Create | Act::Repost => ("POST", kind.1.to_owned(), key, Some(posted(world, entity))),
        Act::Update => {
            ("PATCH", one, None, Some(json!({ entity.field: format!("{} updated", entity.text) })))
        }
        Act::Delete => ("DELETE", one, None, None),
        Act::Decide(verb) => {
            let (path, body) = decide(verb);
            ("POST", path, key, Some(body))
        }
        // What is repeated without a key is said by a person who clicks again.
        Act::DecideAgain(verb) | Act::DecideOtherwise(verb) => {
            let (path, body) = decide(verb);
            ("POST", path, None, Some(body))
        }
        Act::AwaitN8n => return None,
    };
    Some(Request { method, path, key, body })
}

fn posted(world: &World, entity: &Entity) -> Value {
    let execution = entity.execution;
    let mut body = json!({
        "installation_id": world.installation, "workflow_id": "wf1", "execution_id": execution.to_string(),
        "human_interaction": true, "allow_regenerate": true,
        "resume_url": format!("{}/webhook-waiting/{execution}?signature=token-{execution}", world.host.origin),
        "media_type": "image", "first_name": "Jane", "email": format!("reviewed-{execution}@example.com"),
        "invoice_number": format!("INV-{execution}"), "amount": 5000,
    });
    // Content that does not fit into the item, now and then.
    let content = if execution.is_multiple_of(10) { 80_000 } else { 100 };
    if entity.path == "/api/payloads" {
        body["payload"] = json!({ "text": "x".repeat(content) });
    }
    body[entity.field] = json!(entity.text);
    body
}

/// Whether the act is done with this answer.
fn took(world: &World, entity: &mut Entity, act: Act, answer: &Answer, unsure: bool) -> bool {
    let wrong = |what: &str| world.wrong(format!("{what}: {act:?} of {entity:?} was answered {answer:?}"));
    match (act, answer.status) {
        (Act::Create, 200..300) => {
            entity.id = answer.json["id"].as_u64().unwrap_or(0);
            // n8n goes on to the Wait when it has the answer.
            world.host.n8n.waits(entity.execution, "wf1", entity.id);
        }
        (Act::Repost, 200..300) => {
            if answer.json["id"].as_u64() != Some(entity.id) {
                wrong("posted again, and became another");
            }
            entity.reposts += 1;
            world.host.n8n.goes_on_to(entity.execution, entity.id);
        }
        (Act::Update, 200) => entity.text = format!("{} updated", entity.text),
        // It lost against others who changed the entity, and says so.
        (Act::Update | Act::Delete, 409) => return false,
        (Act::Delete, 200) => entity.deleted = true,
        (Act::Delete, 404) if unsure => entity.deleted = true,
        (Act::Decide(verb), 200) => entity.decisions.push(word(verb)),
        (Act::DecideAgain(_), 200) | (Act::AwaitN8n, _) => {}
        (Act::DecideOtherwise(_), 409) if answer.json["code"] == "already_decided" => {}
        _ => wrong("no answer for this"),
    }
    true
}

fn word(verb: &str) -> &'static str {
    match verb {
        "approve" => "approved",
        "deny" => "denied",
        _ => "regenerate",
    }
}

fn ask(world: &World, once: Once, number: u64, key: Option<String>) -> Request {
    let (path, body) = match once {
        Once::Usage { workflow, tokens } => (
            "/api/token-usage".into(),
            json!({
                "installation_id": world.installation, "workflow_id": workflow, "execution_id": number.to_string(),
                "model_id": "gpt-4", "input_tokens": tokens, "output_tokens": 1,
            }),
        ),
        Once::Push { execution } => (
            "/api/push/executions".into(),
            json!({
                "installation_id": world.installation, "workflow_id": PUSHED, "execution_data": executed(execution),
            }),
        ),
        Once::Trigger => (
            "/api/trigger-webhook".into(),
            json!({
                "endpoint": format!("{}/webhook/invokati-trigger/{}/{}", world.host.origin, world.installation, crate::n8n::TRIGGERED),
                "data": { "number": number },
            }),
        ),
        Once::Lead { person, on_duplicate } => (
            "/api/leads".into(),
            json!({
                "first_name": "Jane", "last_name": format!("Doe {number}"), "email": format!("person-{person}@example.com"),
                "on_duplicate": on_duplicate,
            }),
        ),
        Once::Media { collection } => (
            "/api/media".into(),
            json!({ "title": format!("Picture {number}"), "media_type": "image", "collection_name": collection }),
        ),
        Once::Unfile { id, .. } => {
            return Request { method: "DELETE", path: format!("/api/media/{id}"), key: None, body: None };
        }
        Once::Message { session } => (
            "/api/chats/message".into(),
            json!({ "session_id": session, "role": "user", "content": "Hello", "message_id": format!("m-{number}") }),
        ),
        Once::Register => ("/api/installs/register".into(), registration(&world.host.origin)),
    };
    Request { method: "POST", path, key, body: Some(body) }
}

pub fn registration(origin: &str) -> Value {
    json!({ "instance_id": "n8n-1", "host": origin, "api_key": "n8n-api-key-here", "title": "Production n8n" })
}

/// An execution with one call of a model in it.
fn executed(id: u64) -> Value {
    let record = json!({
        "response": { "generations": [[{ "text": "hi", "generationInfo": { "finish_reason": "stop" } }]] },
        "tokenUsage": { "promptTokens": 399, "completionTokens": 288, "totalTokens": 687 },
    });
    let model = json!({
        "startTime": 1_737_455_400_000_i64, "executionIndex": 1, "executionTime": 1, "executionStatus": "success",
        "source": [{ "previousNode": "Agent", "previousNodeRun": 0 }],
        "inputOverride": { "ai_languageModel": [[{ "json": { "messages": ["hi"], "options": { "model": "gpt-4" } } }]] },
        "data": { "ai_languageModel": [[{ "json": record }]] },
    });
    json!({
        "id": id.to_string(), "status": "success", "finished": true,
        "startedAt": "2025-01-21T10:30:00.000Z", "stoppedAt": "2025-01-21T10:30:01.000Z",
        "workflowData": { "id": PUSHED, "name": "Pushed", "nodes": [
            { "name": "Model", "type": "@n8n/n8n-nodes-langchain.lmChatOpenAi", "parameters": {} }
        ]},
        "data": { "resultData": { "runData": { "Model": [model] } } },
    })
}

/// Writes what was acknowledged into the model. Returns what the program does next.
fn record(world: &World, once: Once, number: u64, answer: &Answer, unsure: bool) -> Option<Once> {
    let mut model = world.model.lock().unwrap();
    match (once, answer.status) {
        (Once::Usage { workflow, tokens }, 201) => {
            let (records, sum) = model.used.entry(workflow).or_default();
            *records += 1;
            *sum += tokens;
        }
        (Once::Push { execution }, 200 | 201) => drop(model.pushed.insert(execution)),
        (Once::Trigger, 200) => drop(model.triggered.insert(number)),
        (Once::Trigger, 502 | 504) => drop(model.unheard.insert(number)),
        (Once::Lead { person, .. }, 200 | 201) => {
            model.people.entry(person).or_default().insert(format!("Doe {number}"));
        }
        (Once::Media { collection }, 201) => {
            *model.filed.entry(collection).or_default() += 1;
            let id = answer.json["id"].as_u64().unwrap_or(0);
            return number.is_multiple_of(3).then_some(Once::Unfile { id, collection });
        }
        (Once::Unfile { collection, .. }, 200) => *model.filed.entry(collection).or_default() -= 1,
        (Once::Unfile { collection, .. }, 404) if unsure => *model.filed.entry(collection).or_default() -= 1,
        (Once::Unfile { .. }, 409) => return Some(once),
        (Once::Message { session }, 200 | 201) => *model.said.entry(session).or_default() += 1,
        (Once::Register, 200 | 201) if answer.json["installation_id"] == world.installation => {}
        _ => model.wrong.push(format!("program {number} was answered {answer:?}")),
    }
    None
}
