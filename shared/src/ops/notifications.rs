//! Notifications: workflows send them to a client group, people read them.

use super::{
    act::{Act, Refused},
    lists::Found,
    origin::{check_group, group_asked},
};
use crate::{
    domain::notification::{Notification, NotificationType, Reading},
    error::{OrNotFound, Result},
    ids::{GroupId, Id, NotificationId},
    repo::notifications::Filter,
};

/// A notification to show.
#[derive(Debug, Clone)]
pub struct NewNotification {
    pub title: String,
    pub message: String,
    pub kind: NotificationType,
    /// Where a click leads.
    pub link: Option<String>,
    pub entity_type: Option<String>,
    pub entity_id: Option<Id>,
    /// The client group that it is for, instead of the caller's.
    pub group_id: Option<GroupId>,
}

/// Whether a notification counts as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    pub id: NotificationId,
    pub read: bool,
}

/// Lists notifications, newest first: so many that lie behind `before`.
pub async fn list(
    act: &Act,
    filter: &Filter,
    limit: usize,
    before: Option<Id>,
) -> Result<Found<Notification>> {
    let filter = &Filter { group_id: group_asked(act, filter.group_id).await?, ..filter.clone() };
    Ok(Found::newest(act.repos().notifications().list(filter, limit, before).await?, before))
}

/// Notifies the people of a client group.
pub async fn create(act: &Act, new: NewNotification) -> Result<Notification> {
    check_group(act, new.group_id).await?;
    let notification = Notification {
        id: act.app.id(),
        group_id: new.group_id.unwrap_or(act.group_id),
        of_all: false,
        title: new.title,
        message: new.message,
        kind: new.kind,
        link: new.link,
        entity_type: new.entity_type,
        entity_id: new.entity_id,
        read: None,
        created_at: act.now,
    };
    let writes = vec![act.repos().notifications().insert(&notification)?];
    act.commit_once(writes, &notification, &notification).await?;
    Ok(notification)
}

/// Marks a notification as read or as unread. Who read it first stays on record.
pub async fn mark(act: &Act, id: NotificationId, read: bool) -> Result<Marked> {
    let notifications = act.repos().notifications();
    let notification = notifications.get(id).await?.or_not_found("record")?;
    let marked = Marked { id, read };
    if read == notification.read.is_some() {
        return Ok(marked);
    }
    let reading = read.then(|| Reading { by: act.actor.clone(), at: act.now });
    match act.commit(vec![notifications.mark(id, reading.as_ref())?], &marked).await {
        // It was there a moment ago.
        Err(Refused::Write(..)) => None.or_not_found("record"),
        committed => Ok(committed.map(|()| marked)?),
    }
}
