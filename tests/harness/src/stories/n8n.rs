//! What is between an organization and its n8n: registration, triggers, the credential, and the end.

use super::*;

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
