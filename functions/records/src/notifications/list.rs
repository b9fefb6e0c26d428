use serde::Serialize;
use shared::{
    clock,
    domain::notification::{Notification, NotificationType},
    error::Result,
    http::{
        ctx::Ctx,
        input::{Flag, Flat, InQuery, Paging, Word},
        reply::Reply,
    },
    ids::{GroupId, Id, NotificationId},
    ops::notifications,
    repo::notifications::Filter,
};
use utoipa::ToSchema;

shared::input! {
    /// Which notifications to list. Everything given must match.
    pub struct ListQuery {
        /// `1` for those that nobody has read.
        unread: Option<Flag>,
        /// `workflow_alert`, `workflow_complete`, `workflow_error`, `human_review`, `new_lead` or `new_media`.
        #[name("type")]
        kind: Option<Word<NotificationType>>,
        /// Only those of this client group.
        group_id: Option<GroupId>,
        page: Flat<Paging>,
    }
}

shared::listing! {
    /// A page of notifications, newest first.
    Listing as NotificationPage { notifications: NotificationOut }
}

/// One notification.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationOut {
    #[schema(value_type = u64, example = 42)]
    id: NotificationId,
    #[schema(value_type = u64)]
    group_id: GroupId,
    #[schema(example = "Report generated successfully")]
    title: String,
    message: String,
    #[serde(rename = "type")]
    #[schema(example = "workflow_complete", extensions(("x-words" = json!(shared::domain::notification::NotificationType::WORDS))))]
    kind: &'static str,
    link: Option<String>,
    entity_type: Option<String>,
    #[schema(value_type = Option<u64>)]
    entity_id: Option<Id>,
    read: bool,
    read_at: Option<String>,
    read_by: Option<String>,
    /// Unix seconds.
    #[schema(example = 1_710_000_000)]
    created: i64,
}

/// Lists notifications, newest first.
#[utoipa::path(get, path = "/api/notifications/list", operation_id = "list_notifications",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let Paging { limit, cursor: before } = query.page;
    let filter = Filter { unread: query.unread, kind: query.kind, group_id: query.group_id };
    let found = notifications::list(&ctx, &filter, limit, before).await?;
    Listing::of(ctx.tenant, found, |row| row.id, |notification| Ok(notification.into()))
}

impl From<Notification> for NotificationOut {
    fn from(notification: Notification) -> Self {
        let (read_at, read_by) =
            notification.read.map(|read| (clock::iso(read.at), read.by.username)).unzip();
        Self {
            id: notification.id,
            group_id: notification.group_id,
            title: notification.title,
            message: notification.message,
            kind: notification.kind.as_str(),
            link: notification.link,
            entity_type: notification.entity_type,
            entity_id: notification.entity_id,
            read: read_at.is_some(),
            read_at,
            read_by,
            created: notification.created_at.seconds(),
        }
    }
}
