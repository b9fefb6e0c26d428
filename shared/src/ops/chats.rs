//! Chats: what people and a workflow's model said to each other, logged message by message.
//!
//! Its one rule: a message that comes twice under the workflow's own id of it is logged once.

use futures::future::try_join;

use super::{
    act::{Act, Refused},
    again::Again,
    lists::Found,
    origin::{Origin, group_asked, groups_asked},
};
use crate::{
    domain::{
        chat::{self, Chat, ChatStatus, Counts, Lead, Message, Role, Setting},
        chore::What,
        subject::Subject,
    },
    error::{OrNotFound, Result},
    ids::{ChatId, GroupId, Id, MessageId},
    repo::chats::{Chats, Filter, Moved, Patch, Step, Sums},
    store::Write,
};

/// A message of a conversation, or that it is completed.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The workflow's own name of the conversation.
    pub session_id: String,
    /// None: nothing was said, and the chat gets what else is told of it.
    pub said: Option<Said>,
    pub title: Option<String>,
    pub status: Option<ChatStatus>,
    pub setting: Setting,
    pub lead: Lead,
    pub origin: Origin,
}

/// What was said.
#[derive(Debug, Clone)]
pub struct Said {
    pub role: Role,
    pub content: String,
    pub context: Option<String>,
    /// The workflow's own id of the message.
    pub message_id: Option<String>,
}

/// A logged message, and the chat that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// None where nothing was said.
    pub message: Option<MessageId>,
    pub chat: ChatId,
    pub session_id: String,
    /// Whether the chat begins with this message.
    pub opened: bool,
    /// Whether it was logged before.
    pub duplicate: bool,
}

/// What to change of a chat; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct ChatPatch {
    pub title: Option<String>,
    pub status: Option<ChatStatus>,
    pub lead: Lead,
}

/// Lists chats, newest first: so many that lie behind `before`.
pub async fn list(act: &Act, filter: &Filter, limit: usize, before: Option<Id>) -> Result<Found<Chat>> {
    let filter = &Filter { group_id: group_asked(act, filter.group_id).await?, ..filter.clone() };
    Ok(Found::newest(act.repos().chats().list(filter, limit, before).await?, before))
}

/// A chat with a page of its messages.
pub async fn get(
    act: &Act,
    id: ChatId,
    newest_first: bool,
    limit: usize,
    after: Option<Id>,
) -> Result<(Chat, Setting, Found<Message>)> {
    let chats = act.repos().chats();
    let (chat, setting) = chats.get_with_setting(id).await?.or_not_found("record")?;
    let messages = chats.messages(id, newest_first, limit, after).await?;
    Ok((chat, setting, Found::newest(messages, after)))
}

/// Counts the chats and messages of a client group, or of all.
pub async fn sums(act: &Act, group_id: Option<GroupId>) -> Result<Sums> {
    let groups = groups_asked(act, group_id).await?;
    Ok(act.repos().chats().sums(groups.as_deref()).await?)
}

/// Logs a message. The first one of a session opens its chat.
pub async fn log(act: &Act, new: NewMessage) -> Result<Logged> {
    let NewMessage { session_id, said, title, status, setting, lead, origin } = new;
    let from = origin.place(act).await?.subject;
    let message = said.map(|said| message(act, said, &from));
    let log = Log { act, from, session_id, title, status, setting, lead, message };
    let mut again = Again::new(&act.app, "the chat");
    loop {
        match log.attempt().await {
            Ok(logged) => return Ok(logged),
            Err(refused) => again.after(refused).await?,
        }
    }
}

fn message(act: &Act, said: Said, from: &Subject) -> Message {
    Message {
        id: act.app.id(),
        role: said.role,
        content: said.content,
        context: said.context,
        message_id: said.message_id,
        workflow_id: from.workflow_id.clone(),
        execution_id: from.execution_id.clone(),
        created_at: act.now,
    }
}

/// A message to log, with where it comes from.
struct Log<'a> {
    act: &'a Act,
    from: Subject,
    session_id: String,
    title: Option<String>,
    status: Option<ChatStatus>,
    setting: Setting,
    lead: Lead,
    message: Option<Message>,
}

impl Log<'_> {
    /// Logs it in the session as it stands now.
    async fn attempt(&self) -> Result<Logged, Refused> {
        let standing = self.act.repos().chats().of_session(self.from.group_id, &self.session_id).await?;
        let (chat, writes) = match standing {
            None => self.open()?,
            Some(id) => (id, self.go_on(id).await?),
        };
        let logged = Logged {
            message: self.message.as_ref().map(|message| message.id),
            chat,
            session_id: self.session_id.clone(),
            opened: standing.is_none(),
            duplicate: false,
        };
        let refused = match self.act.commit(writes, &logged).await {
            Ok(()) => return Ok(logged),
            Err(refused) => refused,
        };
        let guarded = match &refused {
            Refused::Write(_, Some(standing)) => Chats::guarded(standing),
            _ => None,
        };
        // Otherwise somebody else has opened, moved or deleted the chat.
        let Some(first) = guarded else { return Err(refused) };
        let known = Logged { message: Some(first), opened: false, duplicate: true, ..logged };
        self.act.commit(Vec::new(), &known).await?;
        Ok(known)
    }

    fn open(&self) -> Result<(ChatId, Vec<Write>)> {
        let (act, from, first) = (self.act, &self.from, self.message.as_ref());
        let chat = Chat {
            id: act.app.id(),
            group_id: from.group_id,
            session_id: self.session_id.clone(),
            title: self.title.clone().unwrap_or_else(|| chat::title_of(&self.session_id, first)),
            status: self.status.unwrap_or_default(),
            counts: first.map_or(Counts::default(), |message| Counts::default().and(message.role)),
            lead: self.lead.clone(),
            installation_id: from.installation_id,
            workflow_id: from.workflow_id.clone(),
            execution_id: from.execution_id.clone(),
            last_message_at: first.map(|message| message.created_at),
            created_at: act.now,
            changed_at: act.now,
            v: 1,
        };
        Ok((chat.id, act.repos().chats().open(&chat, &self.setting, first)?))
    }

    async fn go_on(&self, id: ChatId) -> Result<Vec<Write>, Refused> {
        let chats = self.act.repos().chats();
        let moved = match self.status {
            // Deleted while it was looked at.
            Some(to) => Moved::of(&chats.get(id).await?.ok_or(Refused::Write(CHAT, None))?, to),
            None => None,
        };
        let patch = Patch { title: self.title.clone(), lead: self.lead.clone(), moved };
        let step = self.message.as_ref().map_or(Step::Nothing, Step::Said);
        let mut writes = chats.change(id, self.from.group_id, &patch, step, self.act.now)?;
        writes.extend(self.setting.context.as_deref().map(|context| chats.set_context(id, context)));
        Ok(writes)
    }
}

/// Names what stood in the way when a chat was gone before anything was written.
const CHAT: crate::store::Label = "chat";

/// Changes title, status or lead of a chat.
pub async fn update(act: &Act, id: ChatId, patch: ChatPatch) -> Result<ChatId> {
    let ChatPatch { title, status, lead } = patch;
    let mut patch = Patch { title, lead, moved: None };
    let (chats, mut again) = (act.repos().chats(), Again::new(&act.app, "the chat"));
    loop {
        let chat = chats.get(id).await?.or_not_found("record")?;
        patch.moved = status.and_then(|to| Moved::of(&chat, to));
        let writes = chats.change(id, chat.group_id, &patch, Step::Nothing, act.now)?;
        match act.commit(writes, &id).await {
            Ok(()) => return Ok(id),
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// Deletes a chat with all its messages; its session begins anew with the next one. Where there are many messages, they are
/// cleared away in the background.
pub async fn delete(act: &Act, id: ChatId) -> Result<ChatId> {
    let (chats, mut again) = (act.repos().chats(), Again::new(&act.app, "the chat"));
    loop {
        let (chat, belongings) = try_join(chats.get(id), chats.belongings(id)).await?;
        let mut writes = chats.delete(&chat.or_not_found("record")?);
        let mut purge = None;
        match belongings {
            Some(all) => writes.extend(all.into_iter().map(Write::delete)),
            None => {
                let (owed, task) = act.chore(What::Purge { partition: Chats::own(id) })?;
                writes.push(owed);
                purge = Some(task);
            }
        }
        match act.commit(writes, &id).await {
            Ok(()) => {
                if let Some(task) = purge {
                    act.app.hint(&task, act.now).await;
                }
                return Ok(id);
            }
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// A message that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsaid {
    pub id: MessageId,
    pub chat_id: ChatId,
}

/// Deletes one message of a chat. The workflow's own id of it is free again.
pub async fn delete_message(act: &Act, chat_id: ChatId, id: MessageId) -> Result<Unsaid> {
    let unsaid = Unsaid { id, chat_id };
    let (chats, mut again) = (act.repos().chats(), Again::new(&act.app, "the chat"));
    loop {
        let (chat, said) = chats.get_with_message(chat_id, id).await?.or_not_found("record")?;
        let step = Step::Unsaid(&said);
        let writes = chats.change(chat_id, chat.group_id, &Patch::default(), step, act.now)?;
        match act.commit(writes, &unsaid).await {
            Ok(()) => return Ok(unsaid),
            Err(refused) => again.after(refused).await?,
        }
    }
}
