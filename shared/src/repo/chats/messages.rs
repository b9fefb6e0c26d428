//! What lies in a chat's own partition: its messages, the guards of the workflows' own message ids, and its setting.

use serde::{Deserialize, Serialize};

use super::Chats;
use crate::{
    domain::chat::{Chat, Message, Setting},
    ids::{ChatId, EntityId, Id, MessageId},
    repo::listing::{self, Listed},
    store::{Change, Cond, Item, Key, Label, Position, Query, SortValue, StoreError, Write, encode, segment},
};

/// Items of a chat that one transaction deletes with it; beside them the chat, its pointer and the sums.
const DELETED_AT_ONCE: usize = 90;
/// Where the guards of the workflows' own message ids begin. Messages sort before them: their ids are digits.
const GUARDS: &str = "id#";
/// Sort key of a chat's setting. It sorts before the messages.
const SETTING: &str = "-";

/// Label of the write of a message.
pub const MESSAGE: Label = "message";
/// Label of the write that takes a workflow's own id of a message.
pub const OWN_ID: Label = "message-id";

impl Chats<'_> {
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
        let chat = chat.map(Item::decode::<Chat>).transpose()?.filter(|chat| self.shows(chat));
        Ok((chat, other.map(Item::decode).transpose()?))
    }

    /// What lies in the chat's own partition, if one transaction can delete it together with the chat.
    pub async fn belongings(&self, chat: ChatId) -> Result<Option<Vec<Key>>, StoreError> {
        let page = self.store.query(&Query::table(self.own_partition(chat)).limit(DELETED_AT_ONCE)).await?;
        // A page ends at 1 MB, so that what fits one also fits the 4 MB of a transaction.
        Ok(page.next.is_none().then(|| page.items.into_iter().map(|item| item.key).collect()))
    }

    /// The message that holds the workflow's own id, if `item` is the guard that says so.
    pub fn guarded(item: &Item) -> Option<MessageId> {
        item.key.sk().starts_with(GUARDS).then(|| item.decode::<Guard>().ok().map(|guard| guard.id)).flatten()
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

    pub(super) fn put_message(&self, chat: ChatId, message: &Message) -> Result<Vec<Write>, StoreError> {
        let key = self.message_key(chat, message.id);
        let mut writes = vec![Write::put(key, encode(message)?).when(Cond::Absent).labelled(MESSAGE)];
        if let Some(own) = &message.message_id {
            let guard = encode(&Guard { id: message.id })?;
            writes.push(Write::put(self.guard_key(chat, own), guard).when(Cond::Absent).labelled(OWN_ID));
        }
        Ok(writes)
    }

    /// The partition of what belongs to a chat, without the tenant.
    pub fn own(chat: ChatId) -> String {
        format!("chat#{chat}")
    }

    fn own_partition(&self, chat: ChatId) -> String {
        Key::partition(self.tenant, &Self::own(chat))
    }

    pub(super) fn setting_key(&self, chat: ChatId) -> Key {
        Key::of(self.tenant, &Self::own(chat), SETTING)
    }

    pub(super) fn message_key(&self, chat: ChatId, message: MessageId) -> Key {
        Key::of(self.tenant, &Self::own(chat), message.sortable())
    }

    pub(super) fn guard_key(&self, chat: ChatId, message_id: &str) -> Key {
        Key::of(self.tenant, &Self::own(chat), format!("{GUARDS}{}", segment(message_id)))
    }
}

#[derive(Serialize, Deserialize)]
struct Guard {
    id: MessageId,
}
