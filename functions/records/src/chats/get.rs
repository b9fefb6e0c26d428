use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        input::{Cursor, InQuery, Limit, OrDefault, Word},
        page::{self, MAX_LIMIT},
        reply::Reply,
        shown::{Shown, shown},
    },
    ids::ChatId,
    json::Json,
    ops::chats,
};
use utoipa::ToSchema;

use super::wire::{ChatOut, MessageOut, json_or_text};

shared::input! {
    /// Which of its messages to show.
    pub struct MessagesQuery {
        /// `asc` (default): the oldest first. `desc`: the newest first.
        order: OrDefault<Word<Order>>,
        /// 1 to 500, default 500.
        limit: Limit<MAX_LIMIT, MAX_LIMIT>,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    }
}

shared::words! {
    #[derive(Default)]
    enum Order { #[default] OldestFirst = "asc", NewestFirst = "desc" }
}

/// A chat with its messages.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatWithMessages {
    #[serde(flatten)]
    chat: ChatOut,
    /// What the model was told first.
    system_prompt: Option<String>,
    /// What was last retrieved for the conversation: JSON, or text where it was none.
    #[schema(value_type = Value)]
    context: Json,
    messages: Vec<Shown<MessageOut>>,
    /// Sent back as `cursor` it gives the next page of messages; null on the last.
    next_cursor: Option<String>,
}

/// Shows a chat with its messages: up to 500 of them at once, or 4 MB.
#[utoipa::path(get, path = "/api/chats/{id}", operation_id = "get_chat",
    params(("id" = u64, Path, description = "Id of the chat.", example = 42), MessagesQuery),
    responses((status = 200, description = "The chat.", body = ChatWithMessages)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<ChatId>,
    InQuery(query): InQuery<MessagesQuery>,
) -> Result<Reply> {
    let MessagesQuery { order, limit, cursor: after } = query;
    let (chat, setting, found) = chats::get(&ctx, id, order == Order::NewestFirst, limit, after).await?;
    let next_cursor = found.next.as_ref().map(page::cursor_to);
    Reply::ok(&ChatWithMessages {
        chat: chat.into(),
        system_prompt: setting.system_prompt,
        context: json_or_text(setting.context),
        messages: shown(ctx.tenant, found.rows, |message| message.id, |message| Ok(message.into()))?,
        next_cursor,
    })
}
