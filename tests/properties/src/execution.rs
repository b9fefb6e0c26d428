//! Executions of n8n, pushed or asked for.

use serde_json::{Map, Value};

use shared::{
    clock,
    n8n::{
        answer::Poll,
        execution::Summary,
        wait::{Created, WaitView, Whose},
    },
};

/// An id that an input has no reason to hold.
const ENTITY: u64 = 4_242_424_242;
const NAME_BYTES: usize = 1024;
const ERROR_BYTES: usize = 500;

/// What the one pass over the bytes finds is what stands in the tree of the same JSON, however it is written; and a
/// decision never goes to an execution that says nothing of its entity.
pub fn execution(data: &[u8]) {
    let plain = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let read = Summary::read(data);
    let tree = standins::json(plain);
    if read.is_ok() {
        assert!(shared::json::is_json(plain), "it was read and is no JSON");
    }
    assert!(read.is_ok() || tree.is_none(), "it is JSON and was not read");
    if let Ok(summary) = &read {
        small(summary);
    }
    let Some(tree) = tree else { return };
    let text = tree.to_string();
    let Some(summary) = surely_read(&text) else { return };
    same_as_the_tree(&tree, &summary);
    let waits = view(text.as_bytes());
    for other in [serde_json::to_string_pretty(&tree).unwrap_or_default(), escaped(&text)] {
        assert_eq!(Summary::read(other.as_bytes()).ok().as_ref(), Some(&summary), "{other}");
        assert_eq!(view(other.as_bytes()), waits, "{other}");
    }
    flatted(&tree, &summary);
    turn(&text, &waits);
}

/// What is read of JSON that a tree was written as.
fn surely_read(json: &str) -> Option<Summary> {
    let read = Summary::read(json.as_bytes()).ok();
    assert!(read.is_some(), "{json}");
    read
}

fn view(json: &[u8]) -> WaitView {
    WaitView::read(json, &Created::new(ENTITY, None))
}

fn small(summary: &Summary) {
    let names = [&summary.execution_id, &summary.workflow_id, &summary.workflow_name, &summary.status];
    let more = [&summary.mode, &summary.last_node];
    assert!(names.into_iter().chain(more).flatten().all(|name| name.len() <= NAME_BYTES));
    assert!(summary.error.as_ref().is_none_or(|error| error.len() <= ERROR_BYTES));
    assert!(summary.usage.iter().all(|usage| usage.tokens.input > 0 || usage.tokens.output > 0));
    for at in [summary.started_at, summary.stopped_at, summary.wait_till].into_iter().flatten() {
        assert!((clock::FIRST.0..=clock::LAST.0).contains(&at), "{at} cannot be shown");
    }
}

fn turn(text: &str, view: &WaitView) {
    if view.poll != Poll::Waiting {
        assert_eq!(view.whose, Whose::Passed, "{text}");
    }
    if view.whose == Whose::Ours {
        assert!(view.node.is_some() && view.status.as_deref() == Some("waiting"), "{text}");
        assert!(text.contains("4242424242"), "it stands at a wait of something else: {text}");
    }
}

/// The same text with every character of every string as an escape.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut inside, mut chars) = (false, json.chars());
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                inside = !inside;
                out.push('"');
            }
            '\\' => {
                out.push('\\');
                out.extend(chars.next());
            }
            char if inside => {
                let mut units = [0; 2];
                char.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            char => out.push(char),
        }
    }
    out
}

/// The parts of a row as a tree has them, by the rule that the first of a name counts, in the order of the text.
#[derive(Default)]
struct Row {
    id: Option<String>,
    execution_id: Option<String>,
    workflow_id: Option<String>,
    named_id: Option<String>,
    workflow_name: Option<String>,
    status: Option<String>,
    mode: Option<String>,
    last_node: Option<String>,
    finished: Option<bool>,
    error: Option<String>,
    /// A text may hold another execution, which this does not read.
    holds_text: bool,
}

fn same_as_the_tree(tree: &Value, summary: &Summary) {
    let Value::Object(map) = tree else { return };
    let mut row = Row::default();
    row.read(map, 0);
    if row.holds_text {
        return;
    }
    assert_eq!(summary.execution_id, row.execution_id.or(row.id), "{tree}");
    assert_eq!(summary.workflow_id, row.workflow_id.or(row.named_id), "{tree}");
    assert_eq!(summary.workflow_name, row.workflow_name, "{tree}");
    assert_eq!(summary.status, row.status, "{tree}");
    assert_eq!(summary.mode, row.mode, "{tree}");
    assert_eq!(summary.last_node, row.last_node, "{tree}");
    assert_eq!(summary.finished, row.finished, "{tree}");
    assert_eq!(summary.error, row.error, "{tree}");
}

impl Row {
    fn read(&mut self, map: &Map<String, Value>, depth: u8) {
        if depth >= 4 {
            return;
        }
        for (name, value) in map {
            match name.as_str() {
                "id" => text(&mut self.id, value),
                "execution_id" | "executionId" => text(&mut self.execution_id, value),
                "workflowId" | "workflow_id" => text(&mut self.workflow_id, value),
                "status" => text(&mut self.status, value),
                "mode" => text(&mut self.mode, value),
                "lastNodeExecuted" => text(&mut self.last_node, value),
                "finished" => self.finished = self.finished.or(value.as_bool()),
                "error" => prose(&mut self.error, value.get("message").unwrap_or(value)),
                "workflow" | "workflowData" => {
                    let part = |name| value.get(name).unwrap_or(&Value::Null);
                    text(&mut self.named_id, part("id"));
                    text(&mut self.workflow_name, part("name"));
                }
                "data" | "resultData" | "execution" => self.inner(value, depth + 1),
                _ => {}
            }
        }
    }

    fn inner(&mut self, value: &Value, depth: u8) {
        match value {
            Value::Object(map) => self.read(map, depth),
            Value::Array(all) if depth < 4 => {
                if let Some(first) = all.first() {
                    self.inner(first, depth + 1);
                }
            }
            Value::String(text) => self.holds_text |= text.trim_start().starts_with(['{', '[']),
            _ => {}
        }
    }
}

fn text(slot: &mut Option<String>, value: &Value) {
    match value {
        Value::Number(number) if slot.is_none() => {
            let real = number.as_f64().filter(|_| number.is_f64()).map(|real| real.to_string());
            *slot = real.or_else(|| Some(number.to_string()));
        }
        _ => cut(slot, value, NAME_BYTES),
    }
}

fn prose(slot: &mut Option<String>, value: &Value) {
    cut(slot, value, ERROR_BYTES);
}

fn cut(slot: &mut Option<String>, value: &Value, most: usize) {
    if let Value::String(text) = value
        && slot.is_none()
        && !text.is_empty()
    {
        let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
        let end = ends.take_while(|end| *end <= most).last().unwrap_or(0);
        *slot = Some(text[..end].to_owned());
    }
}

/// The data as n8n stores it says the same.
fn flatted(tree: &Value, summary: &Summary) {
    let Some(data) = tree.get("data").filter(|data| has_runs(data) && !holds_text(data)) else { return };
    let mut stored = tree.clone();
    stored["data"] = Value::from(flat(data));
    let Some(read) = surely_read(&stored.to_string()) else { return };
    if !read.truncated && !summary.truncated {
        assert_eq!(&read, summary, "{stored}");
    }
}

fn has_runs(data: &Value) -> bool {
    let runs = data.pointer("/resultData/runData").and_then(Value::as_object);
    runs.is_some_and(|runs| runs.values().any(|runs| runs.as_array().is_some_and(|runs| !runs.is_empty())))
}

fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim_start().starts_with(['{', '[']),
        Value::Array(all) => all.iter().any(holds_text),
        Value::Object(map) => map.values().any(holds_text),
        _ => false,
    }
}

/// n8n's stored form: every object, list and text stands once and is named by its place.
fn flat(value: &Value) -> String {
    let mut pool = Vec::new();
    place(value, &mut pool);
    Value::from(pool).to_string()
}

fn place(value: &Value, pool: &mut Vec<Value>) -> Value {
    if !matches!(value, Value::Object(_) | Value::Array(_) | Value::String(_)) {
        return value.clone();
    }
    let at = pool.len();
    pool.push(Value::Null);
    pool[at] = match value {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), place(value, pool))).collect(),
        Value::Array(all) => all.iter().map(|value| place(value, pool)).collect(),
        other => other.clone(),
    };
    Value::from(at.to_string())
}
