//! The calls to models that an execution made, each counted once.

use super::*;

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
