//! The sums over the chats of a group, spread over a few shards, because the messages of many chats are logged at once.

use futures::future::try_join_all;
use serde::Deserialize;

use super::Chats;
use crate::{
    domain::chat::{Chat, Counts},
    ids::{GroupId, Id},
    store::{Change, Key, Query, StoreError},
};

/// Shards of a group's sums.
const SHARDS: u64 = 8;
/// Partition of the sums of all groups.
const SUMS: &str = "chat-sums";

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

impl Chats<'_> {
    /// The sums of these groups, or of all.
    pub async fn sums(&self, groups: Option<&[GroupId]>) -> Result<Sums, StoreError> {
        let all = Query::table(Key::partition(self.tenant, SUMS)).limit(1000);
        let Some(groups) = groups else { return self.sum(all).await };
        let each = groups.iter().map(|group| self.sum(all.clone().prefix(format!("{}#", group.sortable()))));
        Ok(try_join_all(each).await?.into_iter().fold(Sums::default(), Sums::plus))
    }

    async fn sum(&self, mut query: Query) -> Result<Sums, StoreError> {
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

    pub(super) fn sums_key(&self, group: GroupId, by: Id) -> Key {
        Key::of(self.tenant, SUMS, format!("{}#{}", group.sortable(), by.get() % SHARDS))
    }
}

/// A whole chat as its group's sums count it, `times` 1 or -1.
pub(super) fn whole(chat: &Chat, times: i64) -> Vec<Change> {
    let Counts { user, assistant, system, tool } = chat.counts;
    vec![
        Change::add(chat.status.as_str(), times),
        Change::add("user", times * user),
        Change::add("assistant", times * assistant),
        Change::add("system", times * system),
        Change::add("tool", times * tool),
    ]
}
