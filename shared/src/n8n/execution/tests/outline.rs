//! What is read of an execution as a whole, in every form that it comes in.

use super::*;

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
