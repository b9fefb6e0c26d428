//! The fields of a message as callers send them.

use shared::{
    domain::chat::{COMPLETE, CONTENT_BYTES, CONTEXT_BYTES, ChatStatus, Lead, Role, Setting},
    error::Result,
    http::{fields::Fields, origin::Origin},
    ops::chats::{NewMessage, Said},
};
use utoipa::ToSchema;

/// A message to log.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `new_message` reads leniently")]
pub struct LogMessage {
    /// The workflow's own name of the conversation. Within a client group it means one chat, which begins with its first
    /// message.
    #[schema(max_length = 255, example = "conversation-7")]
    session_id: String,
    /// `user`, `assistant`, `system` or `tool`.
    #[schema(example = "user")]
    role: String,
    /// Kept to the last blank, up to 256 KB. What is no text is kept as its JSON text.
    ///
    /// `__session_complete__` of the role `system` ends the chat and is no message.
    #[schema(value_type = Value, example = "Where is my order?")]
    content: String,
    /// The workflow's own id of the message: sent twice, it is kept once.
    #[schema(max_length = 200, example = "msg-551-1")]
    message_id: Option<String>,
    /// Title of the chat; without one it is how the first message begins.
    #[schema(max_length = 255)]
    title: Option<String>,
    /// `active` (default), `completed` or `abandoned`.
    status: Option<String>,
    /// What the model was told first. Kept when it comes with the message that opens the chat.
    #[schema(value_type = Option<Value>)]
    system_prompt: Option<String>,
    /// What was retrieved for the conversation: JSON, or text that holds JSON. The last one is kept.
    #[schema(value_type = Option<Value>)]
    context: Option<String>,
    /// What was retrieved for this message.
    #[schema(value_type = Option<Value>)]
    message_context: Option<String>,
    /// Whom the workflow talks to.
    lead_id: Option<u64>,
    #[schema(format = "email", max_length = 254)]
    lead_email: Option<String>,
    #[schema(max_length = 255)]
    lead_first_name: Option<String>,
    #[schema(max_length = 255)]
    lead_last_name: Option<String>,
    /// The n8n instance.
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(max_length = 200, example = "abc123")]
    workflow_id: Option<String>,
    #[schema(max_length = 200, example = "551")]
    execution_id: Option<String>,
    /// The client group; the installation's or the key's own when left out.
    group_id: Option<u64>,
}

pub fn new_message(mut fields: Fields) -> Result<NewMessage> {
    let session_id = fields.required_foreign_id("session_id", 255);
    fields.require("role");
    let role = fields.one_of("role", Role::WORDS, Role::parse);
    fields.require("content");
    let content = fields.verbatim("content", CONTENT_BYTES).unwrap_or_default();
    let context = fields.verbatim("message_context", CONTEXT_BYTES);
    let message_id = fields.foreign_id("message_id", 200);
    let mut new = NewMessage {
        session_id,
        said: role.map(|role| Said { role, content, context, message_id }),
        title: title(&mut fields),
        status: status(&mut fields),
        setting: Setting {
            system_prompt: fields.verbatim("system_prompt", CONTEXT_BYTES),
            context: fields.verbatim("context", CONTEXT_BYTES),
        },
        lead: lead(&mut fields),
        origin: Origin::read(&mut fields),
    };
    fields.finish()?;
    if new.said.as_ref().is_some_and(|said| said.role == Role::System && said.content == COMPLETE) {
        new.said = None;
        new.status = Some(ChatStatus::Completed);
    }
    Ok(new)
}

pub fn title(fields: &mut Fields) -> Option<String> {
    fields.text("title", 255)
}

pub fn status(fields: &mut Fields) -> Option<ChatStatus> {
    fields.one_of("status", ChatStatus::WORDS, ChatStatus::parse)
}

fn lead(fields: &mut Fields) -> Lead {
    Lead {
        lead_id: fields.id("lead_id"),
        lead_email: fields.email("lead_email"),
        lead_first_name: fields.text("lead_first_name", 255),
        lead_last_name: fields.text("lead_last_name", 255),
    }
}
