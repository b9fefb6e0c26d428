//! Executions that n8n pushes, and the tokens that were spent in them.

use super::*;

/// A large execution with model calls in it.
pub fn execution_data() -> Value {
    let record = json!({
        "response": { "generations": [[{ "text": "x".repeat(50_000), "generationInfo": { "finish_reason": "stop" } }]] },
        "tokenUsage": { "promptTokens": 399, "completionTokens": 288, "totalTokens": 687 },
    });
    let model = json!({
        "startTime": 1_737_455_400_000_i64, "executionIndex": 1, "executionTime": 1, "executionStatus": "success",
        "source": [{ "previousNode": "Agent", "previousNodeRun": 0 }],
        "inputOverride": { "ai_languageModel": [[{ "json": { "messages": ["hi"], "options": { "model": "gpt-4" } } }]] },
        "data": { "ai_languageModel": [[{ "json": record }]] },
    });
    json!({
        "id": "9", "status": "success", "finished": true,
        "startedAt": "2025-01-21T10:30:00.000Z", "stoppedAt": "2025-01-21T10:30:01.000Z",
        "workflowData": { "id": "wf1", "name": "Report", "nodes": [
            { "name": "Model", "type": "@n8n/n8n-nodes-langchain.lmChatOpenAi", "parameters": {} }
        ]},
        "data": { "resultData": { "runData": { "Model": [model] } } },
    })
}

async fn usage_state(house: &TestApp) -> Value {
    let stats = shown(house, "/api/token-usage/wf1/stats").await;
    let execution = shown(house, "/api/token-usage/wf1/stats?execution=9").await;
    json!({ "all": stats["stats"], "execution": execution["stats"] })
}

/// A push.
pub struct Push;

impl Story for Push {
    async fn set_up(&self, house: &TestApp) -> Value {
        json!({ "installation": house.register(&house.acme).await })
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let body = json!({
            "installation_id": at["installation"], "workflow_id": "wf1", "execution_data": execution_data(),
        });
        once(house, "/api/push/executions", body).await
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        let installed = shown(house, &format!("/api/installed/{}", at["installation"])).await;
        let nid = &installed["workflows"][0]["nid"];
        let polled = house.acme.post("/api/poll-execution", json!({ "nid": nid })).await.json;
        let state = json!({
            "polled": parts(&polled, &["status", "execution_id", "n8n_status"]),
            "name": installed["workflows"][0]["name"],
            "usage": usage_state(house).await,
        });
        assert_eq!(state["usage"]["all"]["total_records"], 1, "{state}");
        state
    }
}

/// A push of an execution of which the workflow has posted less than there was.
pub struct PushBesidePost;

impl Story for PushBesidePost {
    async fn set_up(&self, house: &TestApp) -> Value {
        let at = Push.set_up(house).await;
        let body = json!({
            "installation_id": at["installation"], "workflow_id": "wf1", "execution_id": "9", "model_id": "gpt-4",
            "input_tokens": 1, "output_tokens": 1,
        });
        let posted = house.acme.post("/api/token-usage", body).await;
        assert_eq!(posted.status, 201, "{posted:?}");
        at
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        Push.act(house, at).await
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        let state = Push.state(house, at).await;
        assert_eq!(state["usage"]["all"]["input_tokens"], 399, "{state}");
        assert_eq!(state["usage"]["all"], state["usage"]["execution"], "the sums are the sum of the records");
        state
    }
}

/// A push of more nodes than one transaction stores, some of which the workflow has posted.
pub struct PushOfMany;

/// Nodes of the push, of 100 tokens read each.
const NODES: u64 = 120;

impl Story for PushOfMany {
    async fn set_up(&self, house: &TestApp) -> Value {
        let at = Push.set_up(house).await;
        for (node, input) in [("N1", 1), ("N2", 1000)] {
            let body = json!({
                "installation_id": at["installation"], "workflow_id": "wf1", "execution_id": "9", "model_id": "gpt-4",
                "node_id": node, "input_tokens": input, "output_tokens": 0,
            });
            let posted = house.acme.post("/api/token-usage", body).await;
            assert_eq!(posted.status, 201, "{posted:?}");
        }
        at
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let mut data = execution_data();
        let runs = &mut data["data"]["resultData"]["runData"];
        let mut run = runs["Model"].take();
        let log = json!({ "tokenUsage": { "promptTokens": 100, "completionTokens": 0 }, "response": {} });
        run[0]["data"]["ai_languageModel"][0][0]["json"] = log;
        *runs = (0..NODES).map(|n| (format!("N{n}"), run.clone())).collect::<serde_json::Map<_, _>>().into();
        let body =
            json!({ "installation_id": at["installation"], "workflow_id": "wf1", "execution_data": data });
        once(house, "/api/push/executions", body).await
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        let state = usage_state(house).await;
        let expected = (json!(NODES), json!((NODES - 1) * 100 + 1000));
        assert_eq!(
            (&state["all"]["total_records"], &state["all"]["input_tokens"]),
            (&expected.0, &expected.1)
        );
        assert_eq!(state["all"], state["execution"], "the sums are the sum of the records");
        state
    }

    /// Some of it is metered, and nothing twice.
    async fn abandoned(&self, house: &TestApp, _: &Value) {
        let state = usage_state(house).await;
        assert_eq!(state["all"], state["execution"], "the sums are the sum of the records");
        let tokens = state["all"]["input_tokens"].as_u64().unwrap();
        assert!((1001..=(NODES - 1) * 100 + 1000).contains(&tokens), "{state}");
    }
}

/// Posted usage; of an execution that was metered from a push before, when `pushed`.
pub struct Usage {
    pub pushed: bool,
}

impl Story for Usage {
    async fn set_up(&self, house: &TestApp) -> Value {
        let at = Push.set_up(house).await;
        if self.pushed {
            let body = json!({
                "installation_id": at["installation"], "workflow_id": "wf1", "execution_data": execution_data(),
            });
            let pushed = house.acme.post("/api/push/executions", body).await;
            assert_eq!(pushed.json["metered"], 1, "{pushed:?}");
        }
        at
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let body = json!({
            "installation_id": at["installation"], "workflow_id": "wf1", "execution_id": "9", "model_id": "gpt-4",
            "input_tokens": 1000, "output_tokens": 10,
        });
        once(house, "/api/token-usage", body).await
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        let state = usage_state(house).await;
        assert_eq!(state["all"]["input_tokens"], 1000, "{state}");
        state
    }

    /// An execution is metered from one source or the other, never from both and never from none.
    async fn abandoned(&self, house: &TestApp, _: &Value) {
        if !self.pushed && house.acme.get("/api/token-usage/wf1/stats").await.status == 404 {
            return;
        }
        let state = usage_state(house).await;
        let tokens = state["all"]["input_tokens"].as_i64();
        let other = if self.pushed { 399 } else { 0 };
        assert!(tokens == Some(1000) || tokens == Some(other), "{state}");
        assert_eq!(state["all"], state["execution"], "the sums are the sum of the records");
    }
}
