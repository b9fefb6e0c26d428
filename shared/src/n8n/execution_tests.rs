use serde_json::{Map, Value, json};

use super::*;

const WAITING_2_8: &str = include_str!("fixtures/waiting-2.8.4.json");
const WAITING_2_41: &str = include_str!("fixtures/waiting-2.41.1.json");
const ERROR_2_8: &str = include_str!("fixtures/error-2.8.4.json");
const ERROR_2_41: &str = include_str!("fixtures/error-2.41.1.json");
const SUCCESS_2_41: &str = include_str!("fixtures/success-2.41.1.json");

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

#[test]
fn a_row_of_the_api_gives_its_outline() {
    let waiting = Summary::read(WAITING_2_41.as_bytes()).unwrap();
    assert_eq!(
        waiting,
        Summary {
            execution_id: Some("17".into()),
            workflow_id: Some("Use0XPyKE5jmgM7N".into()),
            workflow_name: Some("04 human in the loop".into()),
            status: Some("waiting".into()),
            finished: Some(false),
            mode: Some("webhook".into()),
            started_at: Some(1_795_305_935_655),
            stopped_at: Some(1_795_305_935_740),
            wait_till: Some(32_503_680_000_000),
            last_node: Some("Wait for decision".into()),
            error: None,
            usage: vec![],
            truncated: false,
        }
    );
    assert_eq!(Summary::read(WAITING_2_8.as_bytes()).unwrap().execution_id.as_deref(), Some("25"));
    assert_eq!(Summary::read(SUCCESS_2_41.as_bytes()).unwrap().status.as_deref(), Some("success"));
}

#[test]
fn an_error_gives_its_message_and_node() {
    let stopped = Summary::read(ERROR_2_8.as_bytes()).unwrap();
    assert_eq!(stopped.error.as_deref(), Some("boom from stub test"));
    assert_eq!(stopped.last_node.as_deref(), Some("Stop"));
    let limited = Summary::read(ERROR_2_41.as_bytes()).unwrap();
    assert_eq!(limited.error.as_deref(), Some("The service is receiving too many requests from you"));

    let long = read(&json!({"data": {"resultData": {"error": {"message": "é".repeat(5_000)}}}}));
    assert_eq!(long.error.unwrap().len(), 500);
}

#[test]
fn the_same_execution_is_read_in_every_wrapping() {
    for fixture in [WAITING_2_8, WAITING_2_41, ERROR_2_41] {
        let row: Value = crate::testing::json(fixture).unwrap();
        let whole = read(&row);
        assert_eq!(read(&json!([row])), whole, "an array of one");
        assert_eq!(read(&json!({"execution": row})), whole, "wrapped");

        let data = &row["data"];
        let inner = read(data);
        assert_eq!((&inner.last_node, &inner.error), (&whole.last_node, &whole.error), "data alone");
        assert_eq!(inner.execution_id, None);
        let text = flatten(data);
        assert_eq!(read(&json!(text)), inner, "flatted text alone");
        assert_eq!(read(&crate::testing::json(&text).unwrap()), inner, "flatted text as the array it is");
        assert_eq!(read(&json!(data.to_string())), inner, "data as JSON in a string");
        let mut stored = row.clone();
        stored["data"] = text.into();
        assert_eq!(read(&stored), whole, "a row with flatted data");
    }
}

#[test]
fn an_error_trigger_tells_of_the_execution_that_failed() {
    let failed = read(&json!({
        "execution": {"id": "231", "url": "https://n8n/execution/231", "retryOf": "34", "mode": "manual",
            "error": {"message": "Example Error Message", "stack": "…"}, "lastNodeExecuted": "Node With Error"},
        "workflow": {"id": "1", "name": "Example Workflow"}}));
    assert_eq!(failed.execution_id.as_deref(), Some("231"));
    assert_eq!(failed.error.as_deref(), Some("Example Error Message"));
    assert_eq!(failed.workflow_name.as_deref(), Some("Example Workflow"));
}

#[test]
fn anything_that_is_json_is_read_and_anything_else_is_refused() {
    for json in ["{}", "[]", "null", "true", "0", "-1.5e3", "\"\"", "\"[\"", "[[[[[[]]]]]]", "\u{feff}{}"] {
        assert_eq!(Summary::read(json.as_bytes()).unwrap(), Summary::default(), "{json}");
    }
    for text in ["", "{", "{} {}", "hello", "{\"a\":}", "\u{0}"] {
        assert!(matches!(Summary::read(text.as_bytes()), Err(ReadError::NotJson(_))), "{text:?}");
    }
}

#[test]
fn a_wrong_type_is_the_same_as_nothing_wherever_it_stands() {
    let row = execution(
        &[("T", vec![run(1, None, &[json!({})])]), ("H", vec![run(2, Some(("T", 0)), &[openai("a", 5, 6)])])],
        &[("H", "n8n-nodes-base.httpRequest")],
    );
    fn places(value: &Value, at: String, all: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(k, v)| places(v, format!("{at}/{k}"), all)),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, v)| places(v, format!("{at}/{i}"), all));
            }
            _ => {}
        }
        all.push(at);
    }
    let mut all = Vec::new();
    places(&row, String::new(), &mut all);
    assert!(all.len() > 40);
    for place in all {
        for wrong in [
            json!(null),
            json!(true),
            json!(-7),
            json!(1.5),
            json!("x"),
            json!([[1], {}]),
            json!({"a": {"b": []}}),
        ] {
            let mut broken = row.clone();
            *broken.pointer_mut(&place).unwrap() = wrong.clone();
            assert!(Summary::read(broken.to_string().as_bytes()).is_ok(), "{place} = {wrong}");
        }
    }
}

#[test]
fn deep_nesting_is_stepped_over() {
    let deep = format!(
        r#"{{"id":"7","x":{}{},"data":{{"resultData":{{"runData":{{"N":[{{"data":{{"main":[[{{"json":{{"usage":{}{}}}}}]]}}}}]}}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000),
        r#"{"tokens":"#.repeat(50_000),
        "}".repeat(50_000).replacen('}', "1}", 1)
    );
    let read = Summary::read(deep.as_bytes()).unwrap();
    assert_eq!(read.execution_id.as_deref(), Some("7"));
    let wrapped = format!("{}{{}}{}", r#"{"data":"#.repeat(100_000), "}".repeat(100_000));
    assert!(Summary::read(wrapped.as_bytes()).unwrap().truncated);
}

#[test]
fn half_a_surrogate_pair_spoils_neither_names_nor_the_rest() {
    let json = r#"{"id":"7","data":{"resultData":{"error":{"message":"cut \ud83d"},"lastNodeExecuted":"\ud83d\ude00 \\ud83d"}}}"#;
    let read = Summary::read(json.as_bytes()).unwrap();
    assert_eq!(read.error.as_deref(), Some("cut \u{fffd}"));
    assert_eq!(read.last_node.as_deref(), Some("😀 \\ud83d"));
}

#[test]
fn ids_are_text_whether_n8n_writes_text_or_a_number() {
    assert_eq!(read(&json!({"id": 17, "workflowId": 3})).execution_id.as_deref(), Some("17"));
    let pushed = read(&json!({"id": "exec_1", "execution_id": 17}));
    assert_eq!(pushed.execution_id.as_deref(), Some("17"), "a push's own word for it is meant");
}

#[test]
fn a_model_sub_node_counts_and_its_agent_does_not() {
    let row = execution(
        &[
            ("Chat", vec![run(1, None, &[json!({"chatInput": "hi"})])]),
            // A loop of tool calls asks the model twice.
            (
                "Model",
                vec![
                    model_run(3, "Agent", "gpt-4o-mini", &record("tokenUsage", 100, 20)),
                    model_run(4, "Agent", "gpt-4o-mini", &record("tokenUsage", 150, 30)),
                ],
            ),
            (
                "Agent",
                vec![run(
                    2,
                    Some(("Chat", 0)),
                    &[json!({"output": "hello", "usage": {"input_tokens": 250, "output_tokens": 50}})],
                )],
            ),
            (
                "Keep",
                vec![run(
                    5,
                    Some(("Agent", 0)),
                    &[json!({"usage": {"input_tokens": 250, "output_tokens": 50}})],
                )],
            ),
        ],
        &[
            ("Agent", "@n8n/n8n-nodes-langchain.agent"),
            ("Model", "@n8n/n8n-nodes-langchain.lmChatOpenAi"),
            ("Keep", "n8n-nodes-base.code"),
        ],
    );
    assert_eq!(
        calls(&row),
        [call("Model", 0, "gpt-4o-mini", 100, 20), call("Model", 1, "gpt-4o-mini", 150, 30)]
    );
}

#[test]
fn an_estimate_says_so_and_a_record_of_zeros_is_no_call() {
    let row = execution(
        &[
            ("Model", vec![model_run(2, "Selector", "llama3", &record("tokenUsageEstimate", 11, 4))]),
            // A model selector logs the same call again, without counts.
            ("Selector", vec![model_run(2, "Agent", "llama3", &record("tokenUsageEstimate", 0, 0))]),
        ],
        &[],
    );
    let expected = ("Model".to_owned(), 0, "llama3".to_owned(), 11, 4, None, true);
    assert_eq!(calls(&row), [expected]);
}

#[test]
fn the_model_that_answered_goes_before_the_one_asked_for_and_that_before_the_node() {
    let mut answered = record("tokenUsage", 1, 1);
    answered["response"]["generations"][0][0]["generationInfo"]["model_name"] = "gpt-4o-2024-08-06".into();
    let mut silent = model_run(3, "Agent", "", &record("tokenUsage", 3, 3));
    silent["inputOverride"] = json!({"ai_languageModel": [[{"json": {"options": {"temperature": 0}}}]]});
    let mut last = silent.clone();
    last["startTime"] = 4.into();
    let gemini = model_run(2, "Agent", "models/gemini-2.5-flash", &record("tokenUsage", 2, 2));
    let mut row = execution(
        &[("M", vec![model_run(1, "Agent", "gpt-4o", &answered), gemini, silent]), ("E", vec![last])],
        &[],
    );
    row["workflowData"]["nodes"] = json!([
        {"name": "M", "type": "x", "parameters": {"model": {"__rl": true, "mode": "list", "value": "gpt-4.1-mini"}}},
        {"name": "E", "type": "x", "parameters": {"model": "={{ $json.model }}"}}]);
    let models: Vec<String> = calls(&row).into_iter().map(|call| call.2).collect();
    assert_eq!(models, ["gpt-4o-2024-08-06", "gemini-2.5-flash", "gpt-4.1-mini", ""]);
}

#[test]
fn a_vendor_node_that_simplifies_is_counted_by_its_metadata() {
    let mut vendor = run(2, Some(("T", 0)), &[json!({"content": [{"type": "text", "text": "hi"}]})]);
    vendor["metadata"] = json!({"tokenUsage": {"inputTokens": 40, "outputTokens": 9}});
    let mut row = execution(&[("T", vec![run(1, None, &[])]), ("Claude", vec![vendor])], &[]);
    row["workflowData"]["nodes"] = json!([{"name": "Claude", "type": "@n8n/n8n-nodes-langchain.anthropic",
        "parameters": {"modelId": {"__rl": true, "mode": "list", "value": "claude-sonnet-4-5"}}}]);
    assert_eq!(calls(&row), [call("Claude", 0, "claude-sonnet-4-5", 40, 9)]);
}

#[test]
fn metadata_and_output_of_one_run_are_one_count_the_larger() {
    // Two rounds of tool calls: the metadata knows both but no thinking, the output only the last but all of it.
    let last = json!({"modelVersion": "gemini-2.5-pro", "responseId": "r1", "candidates": [],
        "usageMetadata": {"promptTokenCount": 60, "candidatesTokenCount": 5, "thoughtsTokenCount": 200, "cachedContentTokenCount": 16}});
    let mut vendor = run(2, Some(("T", 0)), &[last]);
    vendor["metadata"] = json!({"tokenUsage": {"inputTokens": 100, "outputTokens": 9}});
    let row = execution(&[("T", vec![run(1, None, &[])]), ("Gemini", vec![vendor])], &[]);
    let expected = ("Gemini".to_owned(), 0, "gemini-2.5-pro".to_owned(), 100, 205, Some(16), false);
    assert_eq!(calls(&row), [expected]);
}

#[test]
fn http_answers_of_the_vendors_are_calls() {
    let anthropic = json!({"id": "msg_1", "type": "message", "model": "claude-haiku-4-5",
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 90, "output_tokens": 5}});
    let google = json!({"candidates": [], "modelVersion": "gemini-2.0-flash", "responseId": "g1",
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 8, "totalTokenCount": 15}});
    let whole = json!({"body": openai("c2", 3, 4), "headers": {}, "statusCode": 200});
    let responses = json!({"id": "resp_1", "object": "response", "model": "gpt-5-mini", "usage": {"input_tokens": 21, "output_tokens": 22}});
    let ollama = json!({"model": "llama3.2", "message": {"content": "hi"}, "prompt_eval_count": 26, "eval_count": 298});
    let row = execution(
        &[
            ("T", vec![run(1, None, &[])]),
            ("H", vec![run(2, Some(("T", 0)), &[anthropic, google, whole, responses, ollama])]),
        ],
        &[("H", "n8n-nodes-base.httpRequest")],
    );
    let found: Vec<_> = calls(&row).into_iter().map(|c| (c.2, c.3, c.4, c.5)).collect();
    let expected = [
        ("claude-haiku-4-5", 100, 5, Some(90)),
        ("gemini-2.0-flash", 7, 8, None),
        ("gpt-4o-mini-2024-07-18", 3, 4, None),
        ("gpt-5-mini", 21, 22, None),
        ("llama3.2", 26, 298, None),
    ];
    assert_eq!(found, expected.map(|(model, i, o, c)| (model.to_owned(), i, o, c)));
}

#[test]
fn an_item_that_is_passed_on_is_not_counted_again() {
    let answer = openai("chatcmpl-1", 12, 34);
    let usage = json!({"usage": answer["usage"], "kept": true});
    let row = execution(
        &[
            // n8n writes nodes in the order of their first run, not by time; here the copy comes first in the text.
            ("Keep usage only", vec![run(4, Some(("If", 0)), &[usage])]),
            ("T", vec![run(1, None, &[])]),
            ("H", vec![run(2, Some(("T", 0)), std::slice::from_ref(&answer))]),
            ("If", vec![run(3, Some(("H", 0)), &[answer.clone(), answer.clone()])]),
            // Not downstream by its input, but it took the item by name: the vendor's id tells.
            ("By name", vec![run(5, Some(("T", 0)), std::slice::from_ref(&answer))]),
        ],
        &[],
    );
    assert_eq!(calls(&row), [call("H", 0, "gpt-4o-mini-2024-07-18", 12, 34)]);
}

#[test]
fn equal_counts_in_a_loop_or_on_another_branch_are_separate_calls() {
    let mut answer = openai("", 12, 34);
    answer.as_object_mut().unwrap().remove("id");
    let one = std::slice::from_ref(&answer);
    let row = execution(
        &[
            ("T", vec![run(1, None, &[])]),
            ("H", vec![run(2, Some(("T", 0)), one), run(4, Some(("Set", 0)), one)]),
            ("Set", vec![run(3, Some(("H", 0)), one), run(5, Some(("H", 1)), one)]),
            ("Other", vec![run(6, Some(("T", 0)), one)]),
        ],
        &[],
    );
    let nodes: Vec<_> = calls(&row).into_iter().map(|call| (call.0, call.1)).collect();
    assert_eq!(nodes, [("H".to_owned(), 0), ("H".to_owned(), 1), ("Other".to_owned(), 0)]);
}

#[test]
fn usage_that_came_in_or_was_looked_up_is_not_a_call_of_this_execution() {
    let row = execution(
        &[
            ("Webhook", vec![run(1, None, &[json!({"body": openai("a", 1, 2)})])]),
            ("Sub", vec![run(2, Some(("Webhook", 0)), &[openai("b", 3, 4)])]),
            ("Rows", vec![run(3, Some(("Sub", 0)), &[openai("c", 5, 6)])]),
            ("Copy", vec![run(4, Some(("Rows", 0)), &[openai("c", 5, 6), json!(openai("a", 1, 2))])]),
        ],
        &[
            ("Webhook", "n8n-nodes-base.webhook"),
            ("Sub", "n8n-nodes-base.executeWorkflow"),
            ("Rows", "n8n-nodes-base.postgres"),
            ("Copy", "n8n-nodes-base.code"),
        ],
    );
    assert_eq!(calls(&row), []);
}

#[test]
fn usage_is_found_in_a_push_of_run_data_alone_and_in_flatted_data() {
    let row = execution(
        &[
            ("T", vec![run(1, None, &[])]),
            ("H", vec![run(2, Some(("T", 0)), &[openai("a", 5, 6)])]),
            ("Set", vec![run(3, Some(("H", 0)), &[openai("a", 5, 6)])]),
            ("M", vec![Value::Null, model_run(4, "Agent", "gpt-4o", &record("tokenUsage", 7, 8))]),
        ],
        &[],
    );
    let expected = [call("H", 0, "gpt-4o-mini-2024-07-18", 5, 6), call("M", 1, "gpt-4o", 7, 8)];
    assert_eq!(calls(&row), expected);
    assert_eq!(calls(&json!({"resultData": row["data"]["resultData"]})), expected);
    assert_eq!(calls(&json!({"data": flatten(&row["data"])})), expected);
}
