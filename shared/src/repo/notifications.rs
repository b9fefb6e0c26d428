//! Notifications.
//!
//! "Which one is it?" → by id. "The newest" → the tenant's partition backwards. "The newest that nobody has read" →
//! index `gsi1`, which holds only those.

use crate::{
    domain::notification::{Notification, NotificationType, Reading},
    ids::{EntityId, GroupId, Id, NotificationId},
    repo::{
        entity::{Entity, Many, Place},
        listing::Listed,
        table::Table,
    },
    store::{Change, Cond, Key, Label, StoreError, Write, attr, encode},
};

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that nobody has read; `false`: only those that somebody has.
    pub unread: Option<bool>,
    pub kind: Option<NotificationType>,
    pub group_id: Option<GroupId>,
}

impl Filter {
    fn matches(&self, notification: &Notification) -> bool {
        self.unread.is_none_or(|wanted| wanted == notification.read.is_none())
            && self.kind.is_none_or(|wanted| wanted == notification.kind)
            && self.group_id.is_none_or(|wanted| wanted == notification.group_id)
    }
}

/// The notifications of one tenant.
pub type Notifications<'a> = Table<'a, Notification>;

/// Partition of the general index that holds those that nobody has read.
const UNREAD: &str = "notifications-unread";

impl Entity for Notification {
    type Id = NotificationId;
    const KIND: Label = "notification";

    fn place(id: &NotificationId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> NotificationId {
        self.id
    }

    fn group(&self) -> Option<GroupId> {
        // No group has that id, so that no reach covers it.
        Some(if self.of_all { GroupId::of(Id::SMALLEST) } else { self.group_id })
    }

    fn shown(&self) -> Option<Place> {
        self.read.is_none().then(|| Place::among(UNREAD, self.id))
    }
}

impl Many for Notification {}

impl Notifications<'_> {
    pub fn insert(&self, notification: &Notification) -> Result<Write, StoreError> {
        self.put_new(notification)
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
                Change::set(attr::GSI1_PK, Key::partition(self.tenant, UNREAD)),
                Change::set(attr::GSI1_SK, id.sortable()),
            ],
        };
        Ok(Write::update(self.key(id), changes).when(Cond::Exists).labelled(Notification::KIND))
    }

    /// Puts it into another client group.
    pub fn regroup(&self, id: NotificationId, to: GroupId) -> Write {
        Write::update(self.key(id), vec![Change::set("group_id", to.get())]).when(Cond::Exists)
    }

    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Notification>, StoreError> {
        let query = match filter.unread {
            Some(true) => self.newest_in(UNREAD, before),
            _ => self.newest(before),
        };
        self.scan(query, limit, |row| filter.matches(row)).await
    }
}
