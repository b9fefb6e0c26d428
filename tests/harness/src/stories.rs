//! What clients do, told so that it can be begun again after every death of the process.

use serde_json::{Value, json};
use shared::egress::OutReply;
use shared::repo::orgs;

use crate::passing::pass;
use crate::{Answer, N8N, TestApp};

/// One thing that a client does under one `Idempotency-Key`.
#[expect(async_fn_in_trait, reason = "a story is told on one thread, by its test")]
pub trait Story {
    /// Prepares the house and returns what `act` and `state` need to know.
    async fn set_up(&self, house: &TestApp) -> Value;

    /// Does it.
    async fn act(&self, house: &TestApp, at: &Value) -> Answer;

    /// What a person sees when it is done, the same however often the process died.
    async fn state(&self, house: &TestApp, at: &Value) -> Value;

    /// What must be true when time has passed and the client has not come back.
    async fn abandoned(&self, _house: &TestApp, _at: &Value) {}
}

async fn once(house: &TestApp, path: &str, body: Value) -> Answer {
    house.acme.post_once(path, "once", body).await
}

async fn shown(house: &TestApp, path: &str) -> Value {
    let answer = house.acme.get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// The parts of an object that do not depend on the time.
fn parts(value: &Value, names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| ((*name).to_owned(), value[*name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn post(installation: &Value, title: &str, payload: &Value) -> Value {
    json!({
        "title": title, "installation_id": installation, "workflow_id": "wf1", "execution_id": "7",
        "allow_regenerate": true, "payload": payload,
        "resume_url": format!("{N8N}/webhook-waiting/7?signature=token-7"),
    })
}

/// An entity that execution 7 waits for.
async fn parked(house: &TestApp) -> Value {
    let installation = json!(house.register(&house.acme).await);
    let body = post(&installation, "First", &json!({ "a": 1 }));
    let made = house.acme.post("/automation/payload/create", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.n8n.waits(7, "wf1", made.id());
    json!({ "installation": installation, "entity": made.id() })
}

async fn payload_state(house: &TestApp, at: &Value) -> Value {
    let payload = shown(house, &format!("/api/payloads/{}", at["entity"])).await;
    let names = ["title", "payload", "automation_status", "human_interaction", "workflow_id", "execution_id"];
    json!({
        "payload": parts(&payload, &names),
        "resume": payload["resume"]["state"],
        "history": payload["history"].as_array().map(Vec::len),
        "all": shown(house, "/api/payloads/list").await["count"],
        "told": house.n8n.execution(7).map(|execution| execution.decisions),
    })
}

/// A decision, and n8n that is told of it.
pub struct Decide(pub &'static str);

impl Story for Decide {
    async fn set_up(&self, house: &TestApp) -> Value {
        parked(house).await
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let body = json!({ "entity_id": at["entity"], "entity_type": "custom_payload" });
        once(house, &format!("/automation/{}", self.0), body).await
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        let state = payload_state(house, at).await;
        assert_eq!(state["told"].as_array().map(Vec::len), Some(1), "{state}");
        assert_eq!(state["resume"], "resumed", "{state}");
        state
    }

    /// A stored decision reaches n8n though nobody repeats it; one that was not stored does not.
    async fn abandoned(&self, house: &TestApp, at: &Value) {
        let state = payload_state(house, at).await;
        let decided = state["payload"]["automation_status"] != "pending";
        assert_eq!(state["told"].as_array().map(Vec::len), Some(usize::from(decided)), "{state}");
        assert_eq!(state["resume"], if decided { json!("resumed") } else { Value::Null }, "{state}");
    }
}

/// A new payload, large or small.
pub struct Create {
    pub bytes: usize,
}

impl Story for Create {
    async fn set_up(&self, house: &TestApp) -> Value {
        json!({ "installation": house.register(&house.acme).await })
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let content = json!({ "text": "x".repeat(self.bytes) });
        once(house, "/automation/payload/create", post(&at["installation"], "First", &content)).await
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        let all = shown(house, "/api/payloads/list").await["payloads"].clone();
        assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
        let mut at = at.clone();
        at["entity"] = all[0]["id"].clone();
        let installed = shown(house, &format!("/api/installed/{}", at["installation"])).await;
        json!({ "payload": payload_state(house, &at).await, "workflows": installed["workflow_ids"] })
    }
}

/// A workflow that was sent back posts again.
pub struct Repost;

impl Story for Repost {
    async fn set_up(&self, house: &TestApp) -> Value {
        let at = parked(house).await;
        let body = json!({ "entity_id": at["entity"], "entity_type": "custom_payload" });
        let sent_back = house.acme.post("/automation/regenerate", body).await;
        assert_eq!(sent_back.json["n8n_resumed"], true, "{sent_back:?}");
        at
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let content = json!({ "text": "y".repeat(100_000) });
        once(house, "/automation/payload/create", post(&at["installation"], "Second", &content)).await
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        payload_state(house, at).await
    }
}

/// A media item that is new, and so is its collection; its provider is asked about it.
pub struct CreateMedia;

impl Story for CreateMedia {
    async fn set_up(&self, house: &TestApp) -> Value {
        house.network.host("https://vimeo.com", |_| {
            let body = json!({ "duration": 62, "width": 1920, "height": 1080 }).to_string();
            Ok(OutReply { status: 200, headers: Default::default(), body: body.into() })
        });
        json!({ "installation": house.register(&house.acme).await })
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let mut body = post(&at["installation"], "Clip", &Value::Null);
        body["media_type"] = json!("video");
        body["url"] = json!("https://vimeo.com/76979871");
        body["collection_name"] = json!("Summer");
        once(house, "/automation/media/create", body).await
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        let listed = shown(house, "/api/media/list?human_interaction=1&search=clip").await;
        assert_eq!(listed["count"], 1, "{listed}");
        let names =
            ["title", "url", "duration", "width", "collection_name", "automation_status", "execution_id"];
        json!({
            "item": parts(&listed["media"][0], &names),
            "filed": shown(house, "/api/collections").await["collections"][0]["media_count"],
            "stats": shown(house, "/api/media/stats").await,
        })
    }

    /// What was stored was stored whole: the item, its collection, the counts, and what is still to be found out.
    async fn abandoned(&self, house: &TestApp, at: &Value) {
        let stored = shown(house, "/api/media/stats").await["total"] == 1;
        let collections = shown(house, "/api/collections").await["collections"].clone();
        assert_eq!(collections.as_array().map(Vec::len), Some(usize::from(stored)));
        if stored {
            let state = self.state(house, at).await;
            assert_eq!((&state["filed"], &state["item"]["duration"]), (&json!(1), &json!("1:02")), "{state}");
        }
    }
}

/// The deletion of what n8n has not heard the decision on, or of what nobody has decided on and is denied with it.
pub struct Depart {
    pub denied: bool,
}

impl Story for Depart {
    async fn set_up(&self, house: &TestApp) -> Value {
        let at = parked(house).await;
        if !self.denied {
            house.n8n.set_down(true);
            let body = json!({ "entity_id": at["entity"], "entity_type": "custom_payload" });
            let decided = house.acme.post("/automation/approve", body).await;
            assert_eq!(decided.json["resume_state"], "pending", "{decided:?}");
            house.n8n.set_down(false);
        }
        at
    }

    /// A DELETE has no `Idempotency-Key`: once it is gone, it is gone.
    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let query = if self.denied { "?decide=deny" } else { "" };
        let answer = house.acme.delete(&format!("/api/payloads/{}{query}", at["entity"])).await;
        if answer.status == 404 { Answer { status: 200, ..answer } } else { answer }
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        assert_eq!(house.acme.get(&format!("/api/payloads/{}", at["entity"])).await.status, 404);
        json!({ "told": house.n8n.execution(7).map(|execution| execution.decisions) })
    }

    /// What was acknowledged is told, whether or not the deletion came about.
    async fn abandoned(&self, house: &TestApp, at: &Value) {
        let told = house.n8n.execution(7).unwrap().decisions.len();
        let deleted = house.acme.get(&format!("/api/payloads/{}", at["entity"])).await.status == 404;
        assert_eq!(told, usize::from(!self.denied || deleted));
    }
}

/// A collection that goes, and the items that stay.
pub struct DeleteCollection;

impl Story for DeleteCollection {
    async fn set_up(&self, house: &TestApp) -> Value {
        for n in 0..3 {
            let body = json!({ "title": n.to_string(), "media_type": "file", "collection_name": "Summer" });
            assert_eq!(house.acme.post("/api/media", body).await.status, 201);
        }
        json!({ "id": shown(house, "/api/collections").await["collections"][0]["id"] })
    }

    /// A DELETE has no `Idempotency-Key`: once it is gone, it is gone.
    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let path = format!("/api/collections/{}", at["id"]);
        let answer = house.acme.delete(&path).await;
        if answer.status == 404 { house.acme.get("/api/collections").await } else { answer }
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        let media = shown(house, "/api/media/list").await["media"].clone();
        json!({
            "collections": shown(house, "/api/collections").await["count"],
            "filed": shown(house, &format!("/api/media/list?collection_id={}", at["id"])).await["count"],
            "shown": media.as_array().map(|rows| rows.iter().map(|row| row["collection_id"].clone()).collect::<Vec<_>>()),
        })
    }
}

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

/// A registration, and the listing that follows it.
pub struct Register;

impl Story for Register {
    async fn set_up(&self, house: &TestApp) -> Value {
        house.n8n.add_workflow("wf1", "Monthly report", "report");
        house.n8n.add_workflow("wf2", "Weekly report", "weekly");
        Value::Null
    }

    async fn act(&self, house: &TestApp, _: &Value) -> Answer {
        let body = json!({
            "instance_id": "my-n8n-001", "host": N8N, "api_key": "n8n-api-key-here", "title": "Production n8n",
        });
        once(house, "/api/installs/register", body).await
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        let id = house.register(&house.acme).await;
        let installed = shown(house, &format!("/api/installed/{id}")).await;
        parts(&installed, &["workflow_ids", "listing_error"])
    }

    async fn abandoned(&self, house: &TestApp, _: &Value) {
        let keys = crate::footprint::footprint(house).await;
        let registered = keys.iter().any(|key| key.contains("#installation /"));
        let listed = keys.iter().filter(|key| key.contains("#webhook#")).count();
        assert_eq!(listed, if registered { 2 } else { 0 }, "{keys:#?}");
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

/// A trigger, and the run that is followed.
pub struct Trigger;

impl Story for Trigger {
    async fn set_up(&self, house: &TestApp) -> Value {
        json!({ "installation": house.register(&house.acme).await })
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        house.n8n.runs(9, "wf1", house.app.now().0 + 20);
        house.n8n.set_status(9, "success");
        let endpoint = format!("{N8N}/webhook/invokati-trigger/{}/wf1", at["installation"]);
        once(house, "/api/trigger-webhook", json!({ "endpoint": endpoint })).await
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        // n8n may be called again, but under the same key, so that the workflow can tell.
        let sent = house.network.sent_to("/webhook/");
        assert!((1..=2).contains(&sent.len()), "{}", sent.len());
        assert!(
            sent.iter().all(|call| call.headers["idempotency-key"] == sent[0].headers["idempotency-key"])
        );
        let installed = shown(house, &format!("/api/installed/{}", at["installation"])).await;
        let nid = &installed["workflows"][0]["nid"];
        pass(house, 30).await;
        let polled = house.acme.post("/api/poll-execution", json!({ "nid": nid })).await.json;
        parts(&polled, &["status", "is_complete", "execution_id"])
    }
}

/// A message of a chat: the first, which opens it, or one more.
pub struct Message {
    pub first: bool,
}

impl Message {
    fn body(content: &str, message_id: &str) -> Value {
        json!({
            "session_id": "s-1", "role": "user", "content": content, "message_id": message_id, "context": { "a": 1 },
        })
    }
}

impl Story for Message {
    async fn set_up(&self, house: &TestApp) -> Value {
        if !self.first {
            let made = house.acme.post("/api/chats/message", Self::body("Hello", "m-0")).await;
            assert_eq!(made.status, 201, "{made:?}");
        }
        Value::Null
    }

    async fn act(&self, house: &TestApp, _: &Value) -> Answer {
        let body = json!({ "status": "completed", "title": "Done" });
        let mut message = Self::body("Where is my order?", "m-1");
        message.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        once(house, "/api/chats/message", message).await
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        let list = shown(house, "/api/chats/list").await;
        let chat = shown(house, &format!("/api/chats/{}", list["chats"][0]["id"])).await;
        let said: Vec<_> = chat["messages"].as_array().unwrap().iter().map(|said| &said["content"]).collect();
        assert_eq!(said.len(), if self.first { 1 } else { 2 }, "{chat}");
        json!({
            "all": list["total"], "said": said,
            "chat": parts(&chat, &["title", "status", "message_count", "context"]),
            "sums": shown(house, "/api/chats/stats").await,
        })
    }
}

/// An invoice with a number that is free, or that another one holds.
pub struct Bill {
    pub taken: bool,
}

impl Story for Bill {
    async fn set_up(&self, house: &TestApp) -> Value {
        let installation = json!(house.register(&house.acme).await);
        if self.taken {
            let body = json!({ "invoice_number": "INV-1", "amount": 1 });
            assert_eq!(house.acme.post("/api/invoices", body).await.status, 201);
        }
        json!({ "installation": installation })
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let body = json!({
            "invoice_number": "INV-1", "amount": 5000, "on_duplicate": "update", "installation_id": at["installation"],
            "execution_id": "7", "human_interaction": true, "status": "sent",
            "resume_url": format!("{N8N}/webhook-waiting/7?signature=token-7"),
        });
        once(house, "/api/invoices", body).await
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        let list = shown(house, "/api/invoices/list").await;
        let names = ["invoice_number", "amount", "status", "execution_id", "human_interaction"];
        let moves = list["invoices"][0]["status_history"].as_array().map(Vec::len);
        json!({ "all": list["total"], "invoice": parts(&list["invoices"][0], &names), "moves": moves })
    }
}

/// The deletion of a chat that is too long for one transaction.
pub struct Forget;

impl Story for Forget {
    async fn set_up(&self, house: &TestApp) -> Value {
        let mut chat = Value::Null;
        for n in 0..95 {
            let body = json!({ "session_id": "s-1", "role": "user", "content": n.to_string() });
            chat = house.acme.post("/api/chats/message", body).await.json["session"]["id"].clone();
        }
        json!({ "path": format!("/api/chats/{chat}") })
    }

    /// A deletion takes no `Idempotency-Key`: once it has happened, there is nothing to delete.
    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let answer = house.acme.delete(at["path"].as_str().unwrap()).await;
        if answer.status == 404 { Answer { status: 200, ..answer } } else { answer }
    }

    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        assert_eq!(house.acme.get(at["path"].as_str().unwrap()).await.status, 404);
        shown(house, "/api/chats/stats").await
    }

    /// All of it is there, or nothing.
    async fn abandoned(&self, house: &TestApp, _: &Value) {
        let sums = shown(house, "/api/chats/stats").await;
        let whole = json!({ "sessions": 1, "messages": 95 });
        let now = json!({ "sessions": sums["total_sessions"], "messages": sums["total_messages"] });
        assert!(now == whole || now == json!({ "sessions": 0, "messages": 0 }), "{sums}");
    }
}

/// A credential made in n8n, and the nodes that name it.
pub struct Connect;

impl Story for Connect {
    async fn set_up(&self, house: &TestApp) -> Value {
        json!({ "installation": house.register(&house.acme).await })
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        once(house, "/api/n8n/nodes/payload", json!({ "installation_id": at["installation"] })).await
    }

    /// One credential, and the one key that came with it: what n8n holds is what works.
    async fn state(&self, house: &TestApp, at: &Value) -> Value {
        let credentials = house.n8n.credentials();
        let nodes =
            shown(house, &format!("/api/n8n/nodes/payload?installation_id={}", at["installation"])).await;
        assert_eq!(
            nodes["credential"]["id"],
            json!(credentials.last().map(|one| &one.id)),
            "{credentials:?}"
        );
        json!({ "state": nodes["credential"]["state"], "credentials": credentials.len(), "work": work(house).await })
    }

    /// Nobody came back: no key works that no n8n is known to hold.
    async fn abandoned(&self, house: &TestApp, _: &Value) {
        let keys = orgs::keys(&*house.app.store, house.acme.key.tenant).await.unwrap().len();
        let work = work(house).await;
        assert_eq!(keys - 1, work.iter().filter(|works| **works).count(), "{keys} keys, {work:?}");
    }
}

/// Whether the key in each credential works.
async fn work(house: &TestApp) -> Vec<bool> {
    let mut work = Vec::new();
    for credential in house.n8n.credentials() {
        let text = credential.data["value"].as_str().unwrap_or_default().to_owned();
        work.push(house.acme.with_key(&text).get("/api").await.status == 200);
    }
    work
}

/// A lead that a person must look at, posted by a workflow.
pub struct PostLead {
    pub on_duplicate: &'static str,
}

impl Story for PostLead {
    async fn set_up(&self, house: &TestApp) -> Value {
        let installation = house.register(&house.acme).await;
        let known = json!({ "first_name": "Jane", "last_name": "Doe", "email": "known@example.com" });
        assert_eq!(house.acme.post("/api/leads", known).await.status, 201);
        json!({ "installation": installation })
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let email = if self.on_duplicate == "create" { "new@example.com" } else { "known@example.com" };
        let body = json!({
            "first_name": "Jane", "last_name": "Roe", "email": email, "company_name": "Acme Corp",
            "lead_source": "Fair", "human_interaction": true, "installation_id": at["installation"],
            "workflow_id": "wf1", "execution_id": "7", "on_duplicate": self.on_duplicate,
        });
        once(house, "/api/leads", body).await
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        let all = shown(house, "/api/leads/list").await;
        let rows = all["leads"].as_array().unwrap().iter();
        let rows: Vec<Value> = rows
            .map(|row| parts(row, &["last_name", "email", "automation_status", "execution_id", "history"]))
            .collect();
        json!({ "rows": rows, "found": shown(house, "/api/leads/list?search=roe").await["count"] })
    }
}

/// Many leads deleted in one request.
pub struct DeleteLeads;

impl Story for DeleteLeads {
    async fn set_up(&self, house: &TestApp) -> Value {
        let mut ids = Vec::new();
        for n in 0..20 {
            let body =
                json!({ "first_name": "Jane", "last_name": "Doe", "email": format!("{n}@example.com") });
            ids.push(house.acme.post("/api/leads", body).await.id());
        }
        json!(ids)
    }

    async fn act(&self, house: &TestApp, at: &Value) -> Answer {
        let reply = once(house, "/api/leads/bulk", json!({ "action": "delete", "ids": at })).await;
        // What an attempt that died did counts as done.
        assert_eq!((&reply.json["affected"], &reply.json["failed"]), (&json!(20), &json!([])), "{reply:?}");
        reply
    }

    async fn state(&self, house: &TestApp, _: &Value) -> Value {
        shown(house, "/api/leads/list").await
    }
}
