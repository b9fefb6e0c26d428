//! Chats, their messages and the sums over them.
//!
//! "Which chat is it?" → by id. "Which chat is this session?" → one pointer item per group and session. "The newest" →
//! the tenant's partition backwards. "The newest with this status" → index `gsi1`, one partition per status. "What was
//! said?" → the chat's own partition, in the order of the messages' ids. "How many in all?" → sums per group, spread
//! over a few shards, because the messages of many chats are logged at once.
//!
//! Its one rule: a message, the chat's counts and the group's sums change in one transaction, so that they always agree.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    domain::chat::{Chat, ChatStatus, Counts, Lead, Message, Setting},
    ids::{ChatId, EntityId, Id, MessageId},
    repo::listing::{self, Listed},
    store::{
        Change, Cond, Index, Item, Key, Position, Query, SortValue, Store, StoreError, Write, attr, encode,
        segment,
    },
    tenant::TenantId,
};

/// Shards of a group's sums.
const SHARDS: u64 = 8;
/// Partition of the sums of all groups.
const SUMS: &str = "chat-sums";
/// Items of a chat that one transaction deletes with it; beside them the chat, its pointer and the sums.
const DELETED_AT_ONCE: usize = 90;
/// Where the guards of the workflows' own message ids begin. Messages sort before them: their ids are digits.
const GUARDS: &str = "id#";
/// Sort key of a chat's setting. It sorts before the messages.
const SETTING: &str = "-";

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<ChatStatus>,
    pub group_id: Option<Id>,
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

/// Sums over the chats of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct Sums {
    #[serde(default)]
    pub active: i64,
    #[serde(default)]
    pub completed: i64,
    #[serde(default)]
    pub abandoned: i64,
    #[serde(flatten)]
    pub messages: Counts,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            active: self.active + other.active,
            completed: self.completed + other.completed,
            abandoned: self.abandoned + other.abandoned,
            messages: Counts {
                user: self.messages.user + other.messages.user,
                assistant: self.messages.assistant + other.messages.assistant,
                system: self.messages.system + other.messages.system,
                tool: self.messages.tool + other.messages.tool,
            },
        }
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
#[derive(Clone, Copy)]
pub struct Chats<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Chats<'_> {
    pub fn key(&self, id: ChatId) -> Key {
        Key::of(self.tenant, "chat", id.sortable())
    }

    pub async fn get(&self, id: ChatId) -> Result<Option<Chat>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    /// The chat with its setting, in one round trip.
    pub async fn get_with_setting(&self, id: ChatId) -> Result<Option<(Chat, Setting)>, StoreError> {
        let (chat, setting) = self.get_with(id, self.setting_key(id)).await?;
        Ok(chat.map(|chat| (chat, setting.unwrap_or_default())))
    }

    /// The chat with one of its messages, in one round trip.
    pub async fn get_with_message(
        &self,
        id: ChatId,
        message: MessageId,
    ) -> Result<Option<(Chat, Message)>, StoreError> {
        let (chat, message) = self.get_with(id, self.message_key(id, message)).await?;
        Ok(chat.zip(message))
    }

    async fn get_with<T: serde::de::DeserializeOwned>(
        &self,
        id: ChatId,
        other: Key,
    ) -> Result<(Option<Chat>, Option<T>), StoreError> {
        let keys = [self.key(id), other];
        let items = self.store.batch_get(&keys).await?;
        let [chat, other] = keys.map(|key| items.iter().find(|item| item.key == key));
        Ok((chat.map(Item::decode).transpose()?, other.map(Item::decode).transpose()?))
    }

    /// The chat that a session of a group is.
    pub async fn of_session(&self, group: Id, session_id: &str) -> Result<Option<ChatId>, StoreError> {
        let found = self.store.get(&self.session_key(group, session_id)).await?;
        found.map(|item| Ok(item.decode::<Pointer>()?.chat_id)).transpose()
    }

    /// Creates a chat, with its first message if it has one. The first write refuses when the session is a chat already.
    pub fn open(
        &self,
        chat: &Chat,
        setting: &Setting,
        first: Option<&Message>,
    ) -> Result<Vec<Write>, StoreError> {
        let pointer = encode(&Pointer { chat_id: chat.id })?;
        let mut attrs = encode(chat)?;
        attrs.insert(attr::GSI1_PK.into(), self.status_partition(chat.status).into());
        attrs.insert(attr::GSI1_SK.into(), chat.id.sortable().into());
        let mut writes = vec![
            Write::put(self.session_key(chat.group_id, &chat.session_id), pointer).when(Cond::Absent),
            Write::put(self.key(chat.id), attrs).when(Cond::Absent),
            Write::update(self.sums_key(chat.group_id, chat.id.untyped()), sums_of(chat, 1)),
        ];
        if *setting != Setting::default() {
            writes.push(Write::put(self.setting_key(chat.id), encode(setting)?));
        }
        if let Some(message) = first {
            writes.extend(self.put_message(chat.id, message)?);
        }
        Ok(writes)
    }

    /// What lies in the chat's own partition, if one transaction can delete it together with the chat.
    pub async fn belongings(&self, chat: ChatId) -> Result<Option<Vec<Key>>, StoreError> {
        let page = self.store.query(&Query::table(self.own_partition(chat)).limit(DELETED_AT_ONCE)).await?;
        // A page ends at 1 MB, so that what fits one also fits the 4 MB of a transaction.
        Ok(page.next.is_none().then(|| page.items.into_iter().map(|item| item.key).collect()))
    }

    /// Deletes the chat, but not what lies in its own partition. The first write refuses when the chat has changed since
    /// it was read.
    pub fn delete(&self, chat: &Chat) -> Vec<Write> {
        vec![
            Write::delete(self.key(chat.id)).when(Cond::version(chat.v)),
            Write::delete(self.session_key(chat.group_id, &chat.session_id)),
            Write::update(self.sums_key(chat.group_id, chat.id.untyped()), sums_of(chat, -1)),
        ]
    }

    /// The message that holds the workflow's own id, if `item` is the guard that says so.
    pub fn guarded(item: &Item) -> Option<MessageId> {
        item.key.sk().starts_with(GUARDS).then(|| item.decode::<Guard>().ok().map(|guard| guard.id)).flatten()
    }

    /// Changes the chat, its messages and the sums of its group. The first write refuses when the chat is gone, or when
    /// it is to be moved and is not what it was when it was read.
    pub fn change(
        &self,
        chat: ChatId,
        group: Id,
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
            changes.push(Change::set(attr::GSI1_PK, self.status_partition(moved.to)));
        }
        changes.extend(step.count());
        let standing = patch.moved.map_or(Cond::Exists, |moved| Cond::version(moved.v));
        Write::update(self.key(chat), changes).when(standing)
    }

    /// The context of the last message that had one.
    pub fn set_context(&self, chat: ChatId, context: &str) -> Write {
        Write::update(self.setting_key(chat), vec![Change::set("context", context)])
    }

    /// The first messages of a chat, oldest or newest first, after or before `after`.
    pub async fn messages(
        &self,
        chat: ChatId,
        newest_first: bool,
        limit: usize,
        after: Option<Id>,
    ) -> Result<Listed<Message>, StoreError> {
        let mut query = Query::table(self.own_partition(chat))
            // Every id begins with a digit; ':' is the character after '9'.
            .between(SortValue::S("0".into()), SortValue::S(":".into()))
            .after(after.map(|id| Position { key: self.message_key(chat, MessageId::of(id)), sort: None }));
        query.newest_first = newest_first;
        listing::collect(self.store, query, limit, |message: &Message| message.id.untyped(), |_| true).await
    }

    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Chat>, StoreError> {
        let query = match filter.status {
            Some(status) => Query::on(Index::Gsi1, self.status_partition(status)).after(before.map(|id| {
                Position { key: self.key(ChatId::of(id)), sort: Some(SortValue::S(id.sortable())) }
            })),
            None => Query::table(Key::partition(self.tenant, "chat"))
                .after(before.map(|id| Position { key: self.key(ChatId::of(id)), sort: None })),
        };
        listing::collect(
            self.store,
            query.newest_first(),
            limit,
            |row: &Chat| row.id.untyped(),
            |row| filter.matches(row),
        )
        .await
    }

    /// The sums of one group, or of all.
    pub async fn sums(&self, group: Option<Id>) -> Result<Sums, StoreError> {
        let mut query = Query::table(Key::partition(self.tenant, SUMS)).limit(1000);
        if let Some(group) = group {
            query = query.prefix(format!("{}#", group.sortable()));
        }
        let mut sums = Sums::default();
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                sums = sums.plus(item.decode()?);
            }
            if page.next.is_none() {
                return Ok(sums);
            }
            query.after = page.next;
        }
    }

    fn put_message(&self, chat: ChatId, message: &Message) -> Result<Vec<Write>, StoreError> {
        let key = self.message_key(chat, message.id);
        let mut writes = vec![Write::put(key, encode(message)?).when(Cond::Absent)];
        if let Some(own) = &message.message_id {
            let guard = encode(&Guard { id: message.id })?;
            writes.push(Write::put(self.guard_key(chat, own), guard).when(Cond::Absent));
        }
        Ok(writes)
    }

    fn session_key(&self, group: Id, session_id: &str) -> Key {
        Key::of(self.tenant, &format!("chat-session#{group}"), segment(session_id))
    }

    /// The partition of what belongs to a chat, without the tenant.
    pub fn own(chat: ChatId) -> String {
        format!("chat#{chat}")
    }

    fn own_partition(&self, chat: ChatId) -> String {
        Key::partition(self.tenant, &Self::own(chat))
    }

    fn setting_key(&self, chat: ChatId) -> Key {
        Key::of(self.tenant, &Self::own(chat), SETTING)
    }

    fn message_key(&self, chat: ChatId, message: MessageId) -> Key {
        Key::of(self.tenant, &Self::own(chat), message.sortable())
    }

    fn guard_key(&self, chat: ChatId, message_id: &str) -> Key {
        Key::of(self.tenant, &Self::own(chat), format!("{GUARDS}{}", segment(message_id)))
    }

    fn sums_key(&self, group: Id, by: Id) -> Key {
        Key::of(self.tenant, SUMS, format!("{}#{}", group.sortable(), by.get() % SHARDS))
    }

    fn status_partition(&self, status: ChatStatus) -> String {
        Key::partition(self.tenant, &format!("chats#{}", status.as_str()))
    }
}

/// A whole chat as its group's sums count it, `times` 1 or -1.
fn sums_of(chat: &Chat, times: i64) -> Vec<Change> {
    let Counts { user, assistant, system, tool } = chat.counts;
    vec![
        Change::add(chat.status.as_str(), times),
        Change::add("user", times * user),
        Change::add("assistant", times * assistant),
        Change::add("system", times * system),
        Change::add("tool", times * tool),
    ]
}

#[derive(Serialize, Deserialize)]
struct Pointer {
    chat_id: ChatId,
}

#[derive(Serialize, Deserialize)]
struct Guard {
    id: MessageId,
}
