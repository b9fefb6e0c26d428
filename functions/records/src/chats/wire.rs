//! What callers see of a chat.

use serde::Serialize;
use shared::{
    domain::chat::{Chat, Message},
    ids::{ChatId, GroupId, InstallationId, LeadId, MessageId},
    json::Json,
};
use utoipa::ToSchema;

/// One chat without its messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatOut {
    #[schema(value_type = u64, example = 42)]
    id: ChatId,
    #[schema(value_type = u64)]
    group_id: GroupId,
    #[schema(example = "conversation-7")]
    session_id: String,
    #[schema(example = "Where is my order?")]
    title: String,
    /// `active`, `completed` or `abandoned`.
    #[schema(example = "active", extensions(("x-words" = json!(shared::domain::chat::ChatStatus::WORDS))))]
    status: &'static str,
    #[schema(example = 2)]
    message_count: i64,
    #[schema(value_type = Option<u64>)]
    lead_id: Option<LeadId>,
    lead_email: Option<String>,
    lead_first_name: Option<String>,
    lead_last_name: Option<String>,
    #[schema(value_type = Option<u64>)]
    installation_id: Option<InstallationId>,
    workflow_id: Option<String>,
    execution_id: Option<String>,
    /// Unix seconds.
    last_message: Option<i64>,
    /// Unix seconds.
    #[schema(example = 1_710_000_000)]
    created: i64,
    #[schema(example = 1_710_100_000)]
    changed: i64,
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageOut {
    #[schema(value_type = u64, example = 43)]
    id: MessageId,
    /// `user`, `assistant`, `system` or `tool`.
    #[schema(example = "user", extensions(("x-words" = json!(shared::domain::chat::Role::WORDS))))]
    role: &'static str,
    #[schema(example = "Where is my order?")]
    content: String,
    /// What was retrieved for it: JSON, or text where it was none.
    #[schema(value_type = Value)]
    context: Json,
    /// The workflow's own id of it.
    message_id: Option<String>,
    workflow_id: Option<String>,
    execution_id: Option<String>,
    /// Unix seconds.
    #[schema(example = 1_710_000_000)]
    created: i64,
}

impl From<Chat> for ChatOut {
    fn from(chat: Chat) -> Self {
        Self {
            id: chat.id,
            group_id: chat.group_id,
            session_id: chat.session_id,
            title: chat.title,
            status: chat.status.as_str(),
            message_count: chat.counts.total(),
            lead_id: chat.lead.lead_id,
            lead_email: chat.lead.lead_email,
            lead_first_name: chat.lead.lead_first_name,
            lead_last_name: chat.lead.lead_last_name,
            installation_id: chat.installation_id,
            workflow_id: chat.workflow_id,
            execution_id: chat.execution_id,
            last_message: chat.last_message_at.map(shared::clock::Millis::seconds),
            created: chat.created_at.seconds(),
            changed: chat.changed_at.seconds(),
        }
    }
}

impl From<Message> for MessageOut {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            role: message.role.as_str(),
            content: message.content,
            context: json_or_text(message.context),
            message_id: message.message_id,
            workflow_id: message.workflow_id,
            execution_id: message.execution_id,
            created: message.created_at.seconds(),
        }
    }
}

/// The vendor's node sends context as text that should hold JSON, and does not check.
pub fn json_or_text(context: Option<String>) -> Json {
    let read = |text: String| Json::read(text.as_bytes()).unwrap_or_else(|_| Json::of_text(&text));
    context.map_or_else(Json::null, read)
}
