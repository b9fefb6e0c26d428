//! Chats, their messages and the sums over them.
//!
//! "Which chat is it?" → by id. "Which chat is this session?" → one pointer item per group and session. "The newest" →
//! the tenant's partition backwards. "The newest with this status" → index `gsi1`, one partition per status. "What was
//! said?" → the chat's own partition, in the order of the messages' ids. "How many in all?" → sums per group, spread
//! over a few shards, because the messages of many chats are logged at once.
//!
//! Its one rule: a message, the chat's counts and the group's sums change in one transaction, so that they always agree.

use serde::{Deserialize, Serialize};

mod messages;
mod sums;

use crate::{
    clock::Millis,
    domain::chat::{Chat, ChatStatus, Lead, Message, Setting},
    ids::{ChatId, GroupId, Id},
    repo::{
        entity::{Entity, Many, Place},
        listing::Listed,
        table::Table,
    },
    store::{Change, Cond, Key, Label, StoreError, Write, attr, encode, segment},
};

pub use sums::Sums;

/// Label of the write that takes a session.
pub const SESSION: Label = "chat-session";

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<ChatStatus>,
    pub group_id: Option<GroupId>,
    /// Folded text, looked for in session id and title.
    pub search: Option<String>,
}

impl Filter {
    fn matches(&self, chat: &Chat) -> bool {
        let found = |text: &String| {
            chat.session_id.to_lowercase().contains(text) || chat.title.to_lowercase().contains(text)
        };
        self.status.is_none_or(|wanted| wanted == chat.status)
            && self.group_id.is_none_or(|wanted| wanted == chat.group_id)
            && self.search.as_ref().is_none_or(found)
    }
}

/// What changes on a chat besides its messages. What is none stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub title: Option<String>,
    pub lead: Lead,
    pub moved: Option<Moved>,
}

/// A change of status, as seen from a chat that was read: it holds only while counts and status are what they were.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    from: ChatStatus,
    to: ChatStatus,
    v: u64,
}

impl Moved {
    /// None where the chat stands there already.
    pub fn of(chat: &Chat, to: ChatStatus) -> Option<Self> {
        (to != chat.status).then_some(Self { from: chat.status, to, v: chat.v })
    }
}

/// What happens to the messages of a chat together with a [`Patch`].
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    Nothing,
    Said(&'a Message),
    Unsaid(&'a Message),
}

impl Step<'_> {
    /// What the step adds to the count of the message's role.
    fn count(self) -> Option<Change> {
        match self {
            Self::Nothing => None,
            Self::Said(message) => Some(Change::add(message.role.as_str(), 1)),
            Self::Unsaid(message) => Some(Change::add(message.role.as_str(), -1)),
        }
    }
}

/// The chats of one tenant.
pub type Chats<'a> = Table<'a, Chat>;

impl Entity for Chat {
    type Id = ChatId;
    const KIND: Label = "chat";

    fn place(id: &ChatId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> ChatId {
        self.id
    }

    fn group(&self) -> Option<GroupId> {
        Some(self.group_id)
    }

    fn version(&self) -> u64 {
        self.v
    }

    fn shown(&self) -> Option<Place> {
        Some(Place::among(with_status(self.status), self.id))
    }
}

impl Many for Chat {}

impl Chats<'_> {
    /// The chat that a session of a group is.
    pub async fn of_session(&self, group: GroupId, session_id: &str) -> Result<Option<ChatId>, StoreError> {
        let found = self.store.get(&self.session_key(group, session_id)).await?;
        found.map(|item| Ok(item.decode::<Pointer>()?.chat_id)).transpose()
    }

    /// Creates a chat, with its first message if it has one. The write called [`SESSION`] refuses when the session is a chat
    /// already.
    pub fn open(
        &self,
        chat: &Chat,
        setting: &Setting,
        first: Option<&Message>,
    ) -> Result<Vec<Write>, StoreError> {
        let pointer = encode(&Pointer { chat_id: chat.id })?;
        let session = Write::put(self.session_key(chat.group_id, &chat.session_id), pointer);
        let mut writes = vec![
            session.when(Cond::Absent).labelled(SESSION),
            self.put_new(chat)?,
            Write::update(self.sums_key(chat.group_id, chat.id.untyped()), sums::whole(chat, 1)),
        ];
        if *setting != Setting::default() {
            writes.push(Write::put(self.setting_key(chat.id), encode(setting)?));
        }
        if let Some(message) = first {
            writes.extend(self.put_message(chat.id, message)?);
        }
        Ok(writes)
    }

    /// Deletes the chat, but not what lies in its own partition. Its own write refuses when the chat has changed since it
    /// was read.
    pub fn delete(&self, chat: &Chat) -> Vec<Write> {
        vec![
            self.remove_as(chat),
            Write::delete(self.session_key(chat.group_id, &chat.session_id)),
            Write::update(self.sums_key(chat.group_id, chat.id.untyped()), sums::whole(chat, -1)),
        ]
    }

    /// Puts a chat into another client group, with its session and its sums. Its own write refuses when the chat has changed since it
    /// was read, and the one called [`SESSION`] when the session is a chat there already.
    pub fn regroup(&self, before: &Chat, after: &Chat) -> Result<Vec<Write>, StoreError> {
        let pointer = encode(&Pointer { chat_id: after.id })?;
        let session = Write::put(self.session_key(after.group_id, &after.session_id), pointer);
        let id = after.id.untyped();
        Ok(vec![
            self.put_over(before, after)?,
            Write::delete(self.session_key(before.group_id, &before.session_id)),
            session.when(Cond::Absent).labelled(SESSION),
            Write::update(self.sums_key(before.group_id, id), sums::whole(before, -1)),
            Write::update(self.sums_key(after.group_id, id), sums::whole(after, 1)),
        ])
    }

    /// Changes the chat, its messages and the sums of its group. The chat's own write refuses when the chat is gone, or when
    /// it is to be moved and is not what it was when it was read.
    pub fn change(
        &self,
        chat: ChatId,
        group: GroupId,
        patch: &Patch,
        step: Step<'_>,
        now: Millis,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.update(chat, patch, step, now)];
        let mut sums: Vec<Change> = step.count().into_iter().collect();
        if let Some(moved) = patch.moved {
            sums.push(Change::add(moved.from.as_str(), -1));
            sums.push(Change::add(moved.to.as_str(), 1));
        }
        match step {
            Step::Nothing => {}
            Step::Said(message) => writes.extend(self.put_message(chat, message)?),
            Step::Unsaid(message) => {
                writes.push(Write::delete(self.message_key(chat, message.id)).when(Cond::Exists));
                writes
                    .extend(message.message_id.as_ref().map(|own| Write::delete(self.guard_key(chat, own))));
            }
        }
        if !sums.is_empty() {
            let by = match step {
                Step::Nothing => chat.untyped(),
                Step::Said(message) | Step::Unsaid(message) => message.id.untyped(),
            };
            writes.push(Write::update(self.sums_key(group, by), sums));
        }
        Ok(writes)
    }

    fn update(&self, chat: ChatId, patch: &Patch, step: Step<'_>, now: Millis) -> Write {
        let mut changes = vec![Change::set("changed_at", now.0), Change::add(attr::VERSION, 1)];
        let Lead { lead_id, lead_email, lead_first_name, lead_last_name } = &patch.lead;
        changes.extend(lead_id.map(|id| Change::set("lead_id", id.get())));
        for (name, value) in [
            ("title", &patch.title),
            ("lead_email", lead_email),
            ("lead_first_name", lead_first_name),
            ("lead_last_name", lead_last_name),
        ] {
            changes.extend(value.as_deref().map(|value| Change::set(name, value)));
        }
        if let Step::Said(message) = step {
            changes.push(Change::set("last_message_at", message.created_at.0));
        }
        if let Some(moved) = patch.moved {
            changes.push(Change::set("status", moved.to.as_str()));
            changes.push(Change::set(attr::GSI1_PK, Key::partition(self.tenant, &with_status(moved.to))));
        }
        changes.extend(step.count());
        let standing = patch.moved.map_or(Cond::Exists, |moved| Cond::version(moved.v));
        Write::update(self.key(chat), changes).when(standing).labelled(Chat::KIND)
    }

    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Chat>, StoreError> {
        let query = match filter.status {
            Some(status) => self.newest_in(&with_status(status), before),
            None => self.newest(before),
        };
        self.scan(query, limit, |row| filter.matches(row)).await
    }

    fn session_key(&self, group: GroupId, session_id: &str) -> Key {
        Key::of(self.tenant, &format!("chat-session#{group}"), segment(session_id))
    }
}

/// Partition of the general index that shows the chats of a status.
fn with_status(status: ChatStatus) -> String {
    format!("chats#{}", status.as_str())
}

#[derive(Serialize, Deserialize)]
struct Pointer {
    chat_id: ChatId,
}
