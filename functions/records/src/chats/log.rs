use serde::Serialize;
use shared::{
    domain::{
        chat::{self, Chat, Counts, Message},
        subject::Subject,
    },
    error::{Error, Result},
    http::{
        ctx::{Ctx, Refused},
        fields::Fields,
        reply::Reply,
    },
    ids::{ChatId, MessageId},
    repo::chats::{Chats, Moved, Patch, Step},
    store::{StoreError, Write},
};
use utoipa::ToSchema;

use super::{
    TRIES,
    input::{LogInput, LogMessage, Said},
    step_aside,
};

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
#[utoipa::path(post, path = "/api/chats/message", operation_id = "log_chat_message", tag = "chats",
    request_body = LogMessage, responses((status = 201, description = "Logged.", body = Logged),
        (status = 200, description = "Logged already, or the session is completed.", body = Logged)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let mut input = LogInput::read(fields)?;
    let from = std::mem::take(&mut input.origin).place(&ctx).await?.subject;
    let message = input.said.take().map(|said| message(&ctx, said, &from));
    for _ in 0..TRIES {
        let Some(attempt) = Attempt::prepare(&ctx, &from, &input, message.as_ref()).await? else { continue };
        match ctx.commit(attempt.writes, attempt.reply).await {
            Err(Refused::Write(_, Some(standing))) => {
                if let Some(first) = Chats::guarded(&standing) {
                    let reply = duplicate(attempt.chat, &input.session_id, first)?;
                    return Ok(ctx.commit(Vec::new(), reply).await?);
                }
                // Somebody else opened or moved the chat.
            }
            // The chat was deleted.
            Err(Refused::Write(_, None)) => {}
            Err(refused) if refused.is_contention() => {
                step_aside(
                    &ctx,
                    message.as_ref().map_or(attempt.chat.untyped(), |message| message.id.untyped()),
                )
                .await;
            }
            committed => return Ok(committed?),
        }
    }
    Err(Error::from(StoreError::Conflict))
}

fn message(ctx: &Ctx, said: Said, from: &Subject) -> Message {
    Message {
        id: ctx.app.id(),
        role: said.role,
        content: said.content,
        context: said.context,
        message_id: said.message_id,
        workflow_id: from.workflow_id.clone(),
        execution_id: from.execution_id.clone(),
        created_at: ctx.now,
    }
}

/// What is to be written, as the store looks now.
struct Attempt {
    chat: ChatId,
    writes: Vec<Write>,
    reply: Reply,
}

impl Attempt {
    /// None when the chat was deleted while it was looked at.
    async fn prepare(
        ctx: &Ctx,
        from: &Subject,
        input: &LogInput,
        message: Option<&Message>,
    ) -> Result<Option<Self>> {
        let (chats, group) = (ctx.chats(), from.group_id);
        let standing = chats.of_session(group, &input.session_id).await?;
        let (chat, writes) = match standing {
            None => {
                let chat = open(ctx, from, input, message);
                (chat.id, chats.open(&chat, &input.setting, message)?)
            }
            Some(id) => {
                let moved = match input.status {
                    Some(to) => match chats.get(id).await? {
                        Some(chat) => Moved::of(&chat, to),
                        None => return Ok(None),
                    },
                    None => None,
                };
                let patch = Patch { title: input.title.clone(), lead: input.lead.clone(), moved };
                let step = message.map_or(Step::Nothing, Step::Said);
                let mut writes = chats.change(id, group, &patch, step, ctx.now)?;
                writes.extend(input.setting.context.as_deref().map(|context| chats.set_context(id, context)));
                (id, writes)
            }
        };
        let session =
            SessionOut { id: chat, session_id: input.session_id.clone(), created: standing.is_none() };
        let logged =
            |message, text| Logged { success: true, id: message, session, duplicate: None, message: text };
        let reply = match message {
            Some(message) => Reply::created(&logged(Some(message.id), "Message logged successfully."))?,
            None => Reply::ok(&logged(None, "Session completed."))?,
        };
        Ok(Some(Self { chat, writes, reply }))
    }
}

fn open(ctx: &Ctx, from: &Subject, input: &LogInput, first: Option<&Message>) -> Chat {
    Chat {
        id: ctx.app.id(),
        group_id: from.group_id,
        session_id: input.session_id.clone(),
        title: input.title.clone().unwrap_or_else(|| chat::title_of(&input.session_id, first)),
        status: input.status.unwrap_or_default(),
        counts: first.map_or(Counts::default(), |message| Counts::default().and(message.role)),
        lead: input.lead.clone(),
        installation_id: from.installation_id,
        workflow_id: from.workflow_id.clone(),
        execution_id: from.execution_id.clone(),
        last_message_at: first.map(|message| message.created_at),
        created_at: ctx.now,
        changed_at: ctx.now,
        v: 1,
    }
}

fn duplicate(chat: ChatId, session_id: &str, first: MessageId) -> Result<Reply> {
    Reply::ok(&Logged {
        success: true,
        id: Some(first),
        session: SessionOut { id: chat, session_id: session_id.to_owned(), created: false },
        duplicate: Some(true),
        message: "Message was logged already.",
    })
}
