mod calls;
mod outline;

use serde_json::{Map, Value, json};

use super::*;

const WAITING_2_8: &str = include_str!("../../fixtures/waiting-2.8.4.json");
const WAITING_2_41: &str = include_str!("../../fixtures/waiting-2.41.1.json");
const ERROR_2_8: &str = include_str!("../../fixtures/error-2.8.4.json");
const ERROR_2_41: &str = include_str!("../../fixtures/error-2.41.1.json");
const SUCCESS_2_41: &str = include_str!("../../fixtures/success-2.41.1.json");

fn read(json: &Value) -> Summary {
    Summary::read(json.to_string().as_bytes()).unwrap()
}

/// Node, run, model, input, output, cached input, estimated.
type Row = (String, usize, String, u64, u64, Option<u64>, bool);

fn calls(json: &Value) -> Vec<Row> {
    read(json)
        .usage
        .into_iter()
        .map(|u| {
            let model = u.model.as_deref().unwrap_or_default().to_owned();
            (
                u.node.to_string(),
                u.run,
                model,
                u.tokens.input,
                u.tokens.output,
                u.tokens.cached_input,
                u.estimated,
            )
        })
        .collect()
}

fn call(node: &str, run: usize, model: &str, input: u64, output: u64) -> Row {
    (node.to_owned(), run, model.to_owned(), input, output, None, false)
}

/// A run of a node on the main line: when, after which run of which node, with which items.
fn run(at: u64, after: Option<(&str, usize)>, items: &[Value]) -> Value {
    let items: Vec<Value> = items.iter().map(|json| json!({ "json": json })).collect();
    let source: Vec<Value> = after
        .iter()
        .map(|(node, run)| json!({"previousNode": node, "previousNodeOutput": 0, "previousNodeRun": run}))
        .collect();
    json!({"startTime": at, "executionIndex": at, "executionTime": 1, "executionStatus": "success",
           "source": source, "data": {"main": [items]}})
}

/// A run of a model sub-node, as its tracing writes it.
fn model_run(at: u64, agent: &str, asked: &str, record: &Value) -> Value {
    json!({"startTime": at, "executionIndex": at, "executionTime": 1, "executionStatus": "success",
        "source": [{"previousNode": agent, "previousNodeRun": 0}],
        "inputOverride": {"ai_languageModel": [[{"json": {"messages": ["Human: hi"], "estimatedTokens": 3,
            "options": {"openai_api_key": {"lc": 1, "type": "secret"}, "model": asked, "max_retries": 2}}}]]},
        "data": {"ai_languageModel": [[{"json": record}]]}})
}

fn record(usage: &str, prompt: u64, completion: u64) -> Value {
    json!({"response": {"generations": [[{"text": "hello", "generationInfo": {"finish_reason": "stop"}}]]},
        usage: {"promptTokens": prompt, "completionTokens": completion, "totalTokens": prompt + completion}})
}

fn execution(runs: &[(&str, Vec<Value>)], nodes: &[(&str, &str)]) -> Value {
    let run_data: Map<String, Value> =
        runs.iter().map(|(node, runs)| ((*node).to_owned(), Value::from(runs.clone()))).collect();
    let nodes: Vec<Value> =
        nodes.iter().map(|(name, kind)| json!({"name": name, "type": kind, "parameters": {}})).collect();
    json!({"id": "7", "workflowData": {"id": "w", "name": "W", "nodes": nodes}, "data": {"resultData": {"runData": run_data}}})
}

fn openai(id: &str, input: u64, output: u64) -> Value {
    json!({"id": id, "object": "chat.completion", "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"message": {"role": "assistant", "content": "hi"}}],
        "usage": {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}})
}

/// n8n's stored form, as its library writes it: equal strings once, objects and arrays by identity.
fn flatten(value: &Value) -> String {
    fn place(value: &Value, pool: &mut Vec<Value>) -> Value {
        match value {
            Value::String(text) => {
                let known = pool.iter().position(|v| v.as_str() == Some(text));
                let at = known.unwrap_or_else(|| {
                    pool.push(value.clone());
                    pool.len() - 1
                });
                at.to_string().into()
            }
            Value::Array(_) | Value::Object(_) => {
                pool.push(Value::Null);
                let at = pool.len() - 1;
                let flat = match value {
                    Value::Array(items) => items.iter().map(|item| place(item, pool)).collect(),
                    Value::Object(map) => {
                        map.iter().map(|(key, item)| (key.clone(), place(item, pool))).collect()
                    }
                    _ => Value::Null,
                };
                pool[at] = flat;
                at.to_string().into()
            }
            plain => plain.clone(),
        }
    }
    let mut pool = Vec::new();
    place(value, &mut pool);
    Value::from(pool).to_string()
}
