use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, input::InBody, reply::Reply},
    ids::{ChatId, MessageId},
    ops::chats,
};
use utoipa::ToSchema;

use super::input::LogMessage;

/// The message is logged.
#[derive(Debug, Serialize, ToSchema)]
pub struct Logged {
    success: bool,
    /// Id of the message; null when the session was completed without one.
    #[schema(value_type = Option<u64>, example = 43)]
    id: Option<MessageId>,
    session: SessionOut,
    /// Only when a message of this `message_id` was there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[schema(example = "Message logged successfully.")]
    message: &'static str,
}

/// The chat that the message belongs to.
#[derive(Debug, Serialize, ToSchema)]
struct SessionOut {
    #[schema(value_type = u64, example = 42)]
    id: ChatId,
    #[schema(example = "conversation-7")]
    session_id: String,
    /// Whether the chat begins with this message.
    created: bool,
}

/// Logs a message of a conversation. The first one of a session opens its chat.
///
/// With the workflow's own `message_id`, a message that is logged already is answered with status 200 and `duplicate`.
#[utoipa::path(post, path = "/api/chats/message", operation_id = "log_chat_message",
    request_body = LogMessage, responses((status = 201, description = "Logged.", body = Logged),
        (status = 200, description = "Logged already, or the session is completed.", body = Logged)))]
pub async fn handler(ctx: Ctx, InBody(new): InBody<LogMessage>) -> Result<Reply> {
    let new = new.into();
    ctx.answer(logged, async |act| chats::log(act, new).await).await
}

fn logged(done: &chats::Logged) -> Result<Reply> {
    let logged = Logged {
        success: true,
        id: done.message,
        session: SessionOut { id: done.chat, session_id: done.session_id.clone(), created: done.opened },
        duplicate: done.duplicate.then_some(true),
        message: match done.message {
            _ if done.duplicate => "Message was logged already.",
            Some(_) => "Message logged successfully.",
            None => "Session completed.",
        },
    };
    let is_new = done.message.is_some() && !done.duplicate;
    if is_new { Reply::created(&logged) } else { Reply::ok(&logged) }
}
