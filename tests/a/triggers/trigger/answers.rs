//! Answers that come late, long, badly or never: nothing is started twice.

use super::*;

#[tokio::test]
async fn a_late_or_lost_answer_names_the_run_to_poll() {
    for (lost, status) in [(OutError::Timeout, 504), (OutError::Broken("connection reset".into()), 502)] {
        for listed in [true, false] {
            let house = TestApp::new().await;
            if listed {
                house.n8n.add_workflow("abc123", "Report", "report");
                house.register(&house.acme).await;
            } else {
                house.register(&house.acme).await;
                house.n8n.add_workflow("abc123", "Report", "report");
            }
            house.n8n.answer_webhooks(Err(lost.clone()));
            let late = trigger(&house, &format!("{N8N}/webhook/report")).await;
            assert_eq!((late.status, &late.json["triggered_at"]), (status, &json!("2025-01-21T10:30:00Z")));
            assert_eq!(
                (&late.json["workflow_id"], &late.json["following"]),
                (&json!("abc123"), &json!(true))
            );
            assert!(late.json["nid"].is_u64() && late.json["installation_id"].is_u64(), "{late:?}");
            house.n8n.runs(551, "abc123", house.app.now().0);
            house.n8n.set_status(551, "success");
            house.live(Duration::from_secs(5)).await;
            let body = json!({ "nid": late.json["nid"], "triggered_after": late.json["triggered_at"] });
            let polled = house.acme.post("/api/poll-execution", body).await;
            assert_eq!(
                (&polled.json["status"], &polled.json["execution_id"]),
                (&json!("success"), &json!("551")),
                "listed before: {listed}"
            );
        }
    }
    let house = house().await;
    house.n8n.answer_webhooks(Err(OutError::Timeout));
    let unknown = trigger(&house, &format!("{N8N}/webhook/nobodys")).await;
    assert_eq!((unknown.status, &unknown.json["nid"]), (504, &Value::Null), "{unknown:?}");
    assert_eq!(unknown.json["following"], false);
}

/// Sends a trigger, and its repeat at once and when a request that died would be taken up again.
async fn three_times(house: &TestApp) -> [Answer; 3] {
    let once = || house.acme.post_once(PATH, "once", followed());
    let (first, at_once) = (once().await, once().await);
    house.advance(Duration::from_secs(36));
    [first, at_once, once().await]
}

/// A trigger whose workflow is known.
fn followed() -> Value {
    samples::with(samples::trigger(), "endpoint", json!(format!("{N8N}/webhook/invokati-trigger/45/abc123")))
}

#[tokio::test]
async fn a_workflow_that_answers_at_length_is_started_once() {
    const MEGABYTE: usize = 1 << 20;
    for (bytes, whole) in [(1000, true), (250_000, true), (420_000, false), (2 * MEGABYTE, false)] {
        let house = house().await;
        let start = r#"{"execution_id":"551","text":""#;
        let said = format!("{start}{}\"}}", "x".repeat(bytes - start.len() - 2));
        assert_eq!(said.len(), bytes);
        house.n8n.answer_webhooks(Ok((200, &said)));
        let [first, at_once, later] = three_times(&house).await;
        assert_eq!((first.status, first.json["execution_id"].as_str()), (200, Some("551")), "{bytes}");
        assert_eq!(first.json["response"]["text"].as_str().map(str::len), Some(bytes - start.len() - 2));
        assert_eq!(first.json["warnings"], Value::Null);
        for repeat in [&at_once, &later] {
            assert_eq!((repeat.status, repeat.header("idempotent-replayed")), (200, Some("true")), "{bytes}");
            for known in ["execution_id", "n8n_status", "triggered_at", "nid", "workflow_id", "following"] {
                assert_eq!(repeat.json[known], first.json[known], "{bytes} {known}");
            }
            assert_eq!(repeat.text == first.text, whole, "{bytes}");
            if !whole {
                assert_eq!(repeat.json["response"], Value::Null);
                assert_eq!(repeat.json["warnings"][0]["code"], "response_left_out");
                assert!(repeat.json["warnings"][0]["message"].as_str().unwrap().contains(&bytes.to_string()));
            }
        }
        assert_eq!(house.network.sent_to("/webhook/").len(), 1, "{bytes}: it was started again");
        follow(&house, &first).await;
    }
}

/// What came of the run is found under its execution.
async fn follow(house: &TestApp, first: &Answer) {
    house.n8n.runs(551, "abc123", house.app.now().0);
    house.n8n.set_status(551, "success");
    house.live(Duration::from_secs(10)).await;
    let body = json!({ "nid": first.json["nid"], "triggered_after": first.json["triggered_at"] });
    let polled = house.acme.post("/api/poll-execution", body).await;
    assert_eq!((&polled.json["status"], &polled.json["execution_id"]), (&json!("success"), &json!("551")));
}

#[tokio::test]
async fn an_answer_over_the_cap_is_a_start_all_the_same() {
    let house = house().await;
    house.n8n.answer_webhooks(Err(OutError::ReplyTooLarge { status: 201 }));
    let [first, at_once, later] = three_times(&house).await;
    assert_eq!((first.status, &first.json["n8n_status"]), (200, &json!(201)), "{first:?}");
    assert_eq!(first.json["response"], Value::Null);
    assert_eq!(first.json["warnings"][0]["code"], "response_left_out");
    assert_eq!((&at_once.text, &later.text), (&first.text, &first.text));
    assert_eq!(house.network.sent_to("/webhook/").len(), 1);
    follow(&house, &first).await;
    house.n8n.answer_webhooks(Err(OutError::ReplyTooLarge { status: 500 }));
    let refused = house.acme.post_once(PATH, "another", followed()).await;
    assert_eq!((refused.status, refusal(&refused, PATH).as_str()), (502, "n8n_error"), "{refused:?}");
}

#[tokio::test]
async fn an_answer_that_is_lost_starts_no_second_execution() {
    for (lost, status, code) in [
        (OutError::Timeout, 504, "n8n_timeout"),
        (OutError::Broken("connection reset".into()), 502, "n8n_answer_lost"),
    ] {
        let house = house().await;
        house.n8n.answer_webhooks(Err(lost));
        let [first, at_once, later] = three_times(&house).await;
        assert_eq!((first.status, refusal(&first, PATH).as_str()), (status, code), "{first:?}");
        for repeat in [at_once, later] {
            assert_eq!((repeat.status, &repeat.text), (status, &first.text));
            assert_eq!(repeat.header("idempotent-replayed"), Some("true"));
        }
        assert_eq!(house.network.sent_to("/webhook/").len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_workflow_that_answers_badly_is_started_once_and_followed() {
    for (status, said, outcome) in [
        (500, r#"{"message":"Error in workflow"}"#, "The workflow ran and failed."),
        (500, r#"{"code":0,"message":"No binary data was found to return"}"#, "The workflow may have run."),
        (422, r#"{"execution_id":"551"}"#, "The workflow may have run."),
        (404, "<html>No such order</html>", "The workflow may have run."),
        (503, "", "The workflow may have run."),
    ] {
        let house = house().await;
        house.n8n.answer_webhooks(Ok((status, said)));
        let [first, at_once, later] = three_times(&house).await;
        assert_eq!((first.status, refusal(&first, PATH).as_str()), (502, "n8n_error"), "{first:?}");
        assert_eq!(first.json["n8n_status"], status);
        let message = first.json["message"].as_str().unwrap();
        assert!(message.ends_with(outcome), "{message}");
        for repeat in [at_once, later] {
            assert_eq!((repeat.status, &repeat.text), (502, &first.text));
            assert_eq!(repeat.header("idempotent-replayed"), Some("true"));
        }
        assert_eq!(house.network.sent_to("/webhook/").len(), 1, "{said}");
        assert_eq!(
            (&first.json["workflow_id"], &first.json["following"], &first.json["installation_id"]),
            (&json!("abc123"), &json!(true), &json!(45))
        );
        follow(&house, &first).await;
    }
}

#[tokio::test]
async fn failures_behind_a_webhook_that_answers_last_are_told_of() {
    let house = house().await;
    let rule = json!({ "kind": "failing", "failures": 2 });
    assert_eq!(house.acme.post("/api/alerts", rule).await.status, 201);
    house.n8n.answer_webhooks(Ok((500, r#"{"message":"Error in workflow"}"#)));
    for execution in [551, 552] {
        house.advance(Duration::from_secs(60));
        house.n8n.runs(execution, "abc123", house.app.now().0);
        house.n8n.set_status(execution, "error");
        assert_eq!(house.acme.post(PATH, followed()).await.status, 502);
        house.live(Duration::from_secs(10)).await;
    }
    let told = house.acme.get("/api/notifications/list").await.json;
    assert_eq!(
        (&told["count"], &told["notifications"][0]["type"]),
        (&json!(1), &json!("workflow_error")),
        "{told}"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_text_is_left_out() {
    let house = house().await;
    house.n8n.answer_webhooks_in_bytes(200, "image/png; q=1", b"\x89PNG\r\n\x1a\n\xff\xfe");
    let [first, at_once, later] = three_times(&house).await;
    assert_eq!((first.status, &first.json["response"]), (200, &Value::Null), "{first:?}");
    let warning = &first.json["warnings"][0];
    assert_eq!(warning["code"], "response_left_out");
    let message = warning["message"].as_str().unwrap();
    assert!(message.contains("(image/png, 10 bytes)") && message.contains("was started"), "{message}");
    assert_eq!((&at_once.text, &later.text), (&first.text, &first.text));
    house.n8n.answer_webhooks_in_bytes(500, "image/png", b"\x89PNG\r\n\x1a\n\xff\xfe");
    let failed = house.acme.post(PATH, followed()).await;
    assert_eq!((failed.status, &failed.json["response"]), (502, &Value::Null), "{failed:?}");
    assert!(!failed.text.contains('\u{fffd}') && !first.text.contains('\u{fffd}'), "{failed:?}");
}
