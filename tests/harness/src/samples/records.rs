//! Notifications, invoices and chats.

use serde_json::json;
use shared::{
    clock::Millis,
    domain::{
        chat::{Chat, ChatStatus, Counts, Lead, Message, Role, Setting},
        invoice::{Details, Invoice, InvoiceStatus},
        notification::{Notification, NotificationType},
        review::Review,
        subject::Subject,
    },
    ids::{ChatId, EntityId, GroupId, Id, InstallationId, MessageId, NotificationId},
    repo::{chats::Chats, invoices::Invoices, notifications::Notifications},
};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

/// What the scene holds: notification 71, invoice 72, chat 73 with message 74; `base` is added to each id.
pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    let (store, tenant, now) = (&*house.app.store, caller.key.tenant, house.app.now());
    let id = |id: u64| Id::from_u64(base + id).unwrap();
    let group_id = caller.key.group_id;
    let notification = Notification {
        id: NotificationId::of(id(71)),
        group_id,
        of_all: false,
        title: "Report generated successfully".into(),
        message: "The weekly sales report is ready for review.".into(),
        kind: NotificationType::WorkflowComplete,
        link: Some("https://app.example.com/payloads/42".into()),
        entity_type: Some("custom_payload".into()),
        entity_id: Some(id(42)),
        read: None,
        created_at: now,
    };
    let invoice = invoice(id(72), InstallationId::of(id(45)), group_id, now);
    let message = Message {
        id: MessageId::of(id(74)),
        role: Role::User,
        content: "Where is my order?".into(),
        context: Some(r#"{"orders":[17]}"#.into()),
        message_id: Some("msg-551-1".into()),
        workflow_id: Some("abc123".into()),
        execution_id: Some("551".into()),
        created_at: now,
    };
    let chat = Chat {
        id: ChatId::of(id(73)),
        group_id,
        session_id: "conversation-7".into(),
        title: "Where is my order?".into(),
        status: ChatStatus::Active,
        counts: Counts { user: 1, ..Counts::default() },
        lead: Lead { lead_email: Some("jane@client.example".into()), ..Lead::default() },
        installation_id: None,
        workflow_id: Some("abc123".into()),
        execution_id: Some("551".into()),
        last_message_at: Some(now),
        created_at: now,
        changed_at: now,
        v: 1,
    };
    let setting = Setting { system_prompt: Some("You are helpful.".into()), context: None };
    let mut writes = vec![Notifications::new(store, tenant).insert(&notification).unwrap()];
    writes.extend(Invoices::new(store, tenant).insert(&invoice).unwrap());
    writes.extend(Chats::new(store, tenant).open(&chat, &setting, Some(&message)).unwrap());
    store.transact(writes).await.unwrap();
}

/// A draft that an execution waits for.
fn invoice(id: Id, installation: InstallationId, group_id: GroupId, now: Millis) -> Invoice {
    Invoice {
        subject: Subject {
            id,
            group_id,
            installation_id: Some(installation),
            workflow_id: Some("abc123".into()),
            execution_id: Some("exec-789".into()),
            node: None,
            execution_state: None,
            sealed_resume_url: None,
            resume_suffix: None,
            sealed_resume_headers: None,
            review: Review { human_interaction: true, ..Review::default() },
            created_at: now,
            posted_at: now,
            changed_at: now,
            apart: false,
            v: 1,
        },
        number: "INV-2025-001".into(),
        holds_number: true,
        status: InvoiceStatus::Draft,
        details: Details {
            amount: 5000,
            currency: "USD".into(),
            client_email: Some("billing@client.example".into()),
            line_items: Some(
                r#"[{"description":"Setup","quantity":1,"unit_price":5000,"total":5000}]"#.into(),
            ),
            ..Details::default()
        },
        paid_at: None,
        status_history: Vec::new(),
    }
}

pub fn samples() -> Vec<Sample> {
    let mut all = notifications();
    all.extend(invoices());
    all.extend(chats());
    all
}

fn notifications() -> Vec<Sample> {
    vec![
        Sample {
            required: &["title", "message"],
            wrong: vec![
                ("title", json!("t".repeat(256))),
                ("message", json!({})),
                ("type", json!("workflow_done")),
                ("link", json!("javascript:alert(1)")),
                ("link", json!("//evil.example")),
                ("link", json!("/\\evil.example")),
                ("entity_id", json!("first")),
                ("group_id", json!([])),
            ],
            ..write(
                "create_notification",
                "/api/notifications",
                json!({
                    "title": "Report generated successfully",
                    "message": "The weekly sales report is ready for review.",
                    "type": "workflow_complete", "link": "https://app.example.com/payloads/42",
                    "entity_type": "custom_payload", "entity_id": 42,
                }),
            )
        },
        read("list_notifications", "/api/notifications/list"),
        Sample {
            nowhere: Some("/api/notifications/4242"),
            required: &["read"],
            wrong: vec![("read", json!("perhaps"))],
            ..write("mark_notification", "/api/notifications/71", json!({ "read": true }))
        },
    ]
}

fn invoices() -> Vec<Sample> {
    vec![
        Sample {
            required: &["invoice_number", "amount"],
            wrong: vec![
                ("invoice_number", json!({})),
                ("amount", json!(-1)),
                ("amount", json!(49.5)),
                ("amount", json!("50,00")),
                ("amount", json!(10_000_000_000_001_u64)),
                ("currency", json!("dollars")),
                ("currency", json!("XYZ")),
                ("due_date", json!("next week")),
                ("issued_at", json!(-5)),
                ("client_email", json!("nobody")),
                ("payment_url", json!("stripe")),
                ("pdf_url", json!("file:///etc/passwd")),
                ("line_items", json!("[not json")),
                ("line_items", json!(["Setup"])),
                ("line_items", json!([{ "description": "Setup", "unit_price": 49.5 }])),
                ("custom_data", json!([1])),
                ("custom_data", json!({ "text": "x".repeat(65_536) })),
                ("status", json!("settled")),
                ("on_duplicate", json!("replace")),
                ("automation_status", json!("regenerate")),
                ("human_interaction", json!("maybe")),
                ("group_id", json!({})),
            ],
            ids: &["installation_id"],
            ..write(
                "create_invoice",
                "/api/invoices",
                json!({
                    "invoice_number": "INV-2025-002", "amount": 12_500, "currency": "eur", "status": "sent",
                    "on_duplicate": "ignore", "workflow_id": "abc123", "execution_id": "551",
                    "installation_id": 45, "client_name": "Client Ltd", "client_email": "billing@client.example",
                    "due_date": "2025-02-20", "issued_at": 1_737_417_600, "tax_amount": 2000,
                    "line_items": [{ "description": "Hosting", "quantity": 2.5, "unit_price": 5000, "total": 12_500 }],
                    "custom_data": { "purchase_order": "PO-7" }, "pdf_url": "https://files.example.com/inv-2.pdf",
                }),
            )
        },
        read("list_invoices", "/api/invoices/list"),
        Sample { nowhere: Some("/api/invoices/4242"), ..read("get_invoice", "/api/invoices/72") },
        Sample {
            nowhere: Some("/api/invoices/4242"),
            wrong: vec![("amount", json!("much")), ("status", json!("settled")), ("currency", json!(7))],
            ..write("update_invoice", "/api/invoices/72", json!({ "amount": 6000, "title": "Setup" }))
        },
        Sample {
            nowhere: Some("/api/invoices/4242/status"),
            required: &["status"],
            wrong: vec![("status", json!("settled")), ("status", json!(1))],
            ..write("set_invoice_status", "/api/invoices/72/status", json!({ "status": "paid" }))
        },
        Sample { nowhere: Some("/api/invoices/4242"), ..read("delete_invoice", "/api/invoices/72") },
    ]
}

fn chats() -> Vec<Sample> {
    vec![
        Sample {
            required: &["session_id", "role", "content"],
            wrong: vec![
                ("session_id", json!({})),
                ("session_id", json!("s".repeat(256))),
                ("role", json!("bot")),
                ("content", json!("x".repeat(256 * 1024 + 1))),
                ("message_context", json!("x".repeat(65_537))),
                ("status", json!("paused")),
                ("lead_id", json!("the first")),
                ("lead_email", json!("nobody")),
                ("title", json!("t".repeat(256))),
                ("installation_id", json!("forty-five")),
            ],
            ids: &["installation_id"],
            ..write(
                "log_chat_message",
                "/api/chats/message",
                json!({
                    "session_id": "conversation-7", "role": "assistant", "content": "It leaves tomorrow.",
                    "message_id": "msg-551-2", "workflow_id": "abc123", "execution_id": "551",
                    "installation_id": 45,
                }),
            )
        },
        read("list_chats", "/api/chats/list"),
        read("get_chat_stats", "/api/chats/stats"),
        Sample { nowhere: Some("/api/chats/4242"), ..read("get_chat", "/api/chats/73") },
        Sample {
            nowhere: Some("/api/chats/4242"),
            wrong: vec![("status", json!("paused")), ("title", json!({})), ("lead_id", json!("x"))],
            ..write("update_chat", "/api/chats/73", json!({ "title": "A late order", "status": "completed" }))
        },
        Sample {
            nowhere: Some("/api/chats/4242/messages/74"),
            ..read("delete_chat_message", "/api/chats/73/messages/74")
        },
        Sample { nowhere: Some("/api/chats/4242"), ..read("delete_chat", "/api/chats/73") },
    ]
}
