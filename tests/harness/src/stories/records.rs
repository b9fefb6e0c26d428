//! Leads, invoices and messages.

use super::*;

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
