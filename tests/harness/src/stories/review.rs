//! Entities that wait for a decision: posted, decided, posted again, deleted.

use super::*;

pub(super) fn post(installation: &Value, title: &str, payload: &Value) -> Value {
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
