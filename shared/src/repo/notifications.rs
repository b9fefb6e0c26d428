//! Notifications.
//!
//! "Which one is it?" → by id. "The newest" → the tenant's partition backwards. "The newest that nobody has read" →
//! index `gsi1`, which holds only those.

use crate::{
    domain::notification::{Notification, NotificationType, Reading},
    ids::{EntityId, Id, NotificationId},
    repo::listing::{self, Listed},
    store::{Change, Cond, Index, Key, Position, Query, SortValue, Store, StoreError, Write, attr, encode},
    tenant::TenantId,
};

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that nobody has read; `false`: only those that somebody has.
    pub unread: Option<bool>,
    pub kind: Option<NotificationType>,
    pub group_id: Option<Id>,
}

impl Filter {
    fn matches(&self, notification: &Notification) -> bool {
        self.unread.is_none_or(|wanted| wanted == notification.read.is_none())
            && self.kind.is_none_or(|wanted| wanted == notification.kind)
            && self.group_id.is_none_or(|wanted| wanted == notification.group_id)
    }
}

/// The notifications of one tenant.
#[derive(Clone, Copy)]
pub struct Notifications<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Notifications<'_> {
    pub fn key(&self, id: NotificationId) -> Key {
        Key::of(self.tenant, "notification", id.sortable())
    }

    pub async fn get(&self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    pub fn insert(&self, notification: &Notification) -> Result<Write, StoreError> {
        let mut attrs = encode(notification)?;
        if notification.read.is_none() {
            attrs.insert(attr::GSI1_PK.into(), self.unread_partition().into());
            attrs.insert(attr::GSI1_SK.into(), notification.id.sortable().into());
        }
        Ok(Write::put(self.key(notification.id), attrs).when(Cond::Absent))
    }

    /// Marks it as read, or as unread again where `read` is none.
    pub fn mark(&self, id: NotificationId, read: Option<&Reading>) -> Result<Write, StoreError> {
        let changes = match read {
            Some(reading) => vec![
                Change::set("read", encode(reading)?),
                Change::remove(attr::GSI1_PK),
                Change::remove(attr::GSI1_SK),
            ],
            None => vec![
                Change::remove("read"),
                Change::set(attr::GSI1_PK, self.unread_partition()),
                Change::set(attr::GSI1_SK, id.sortable()),
            ],
        };
        Ok(Write::update(self.key(id), changes).when(Cond::Exists))
    }

    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Notification>, StoreError> {
        let query = if filter.unread == Some(true) {
            Query::on(Index::Gsi1, self.unread_partition()).after(before.map(|id| Position {
                key: self.key(NotificationId::of(id)),
                sort: Some(SortValue::S(id.sortable())),
            }))
        } else {
            Query::table(Key::partition(self.tenant, "notification"))
                .after(before.map(|id| Position { key: self.key(NotificationId::of(id)), sort: None }))
        };
        listing::collect(
            self.store,
            query.newest_first(),
            limit,
            |row: &Notification| row.id.untyped(),
            |row| filter.matches(row),
        )
        .await
    }

    fn unread_partition(&self) -> String {
        Key::partition(self.tenant, "notifications-unread")
    }
}
