use serde::Serialize;
use shared::{
    domain::notification::Reading,
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        fields::Fields,
        reply::Reply,
    },
    ids::NotificationId,
};
use utoipa::ToSchema;

/// Whether it was read.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct MarkNotification {
    #[schema(example = true)]
    read: bool,
}

/// It is marked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Marked {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: NotificationId,
    #[schema(example = true)]
    read: bool,
    #[schema(example = "Notification updated successfully.")]
    message: &'static str,
}

/// Marks a notification as read or as unread. Who read it first stays on record.
#[utoipa::path(patch, path = "/api/notifications/{id}", operation_id = "mark_notification", tag = "notifications",
    params(("id" = u64, Path, description = "Id of the notification.", example = 42)),
    request_body = MarkNotification, responses((status = 200, description = "Marked.", body = Marked)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<NotificationId>, mut fields: Fields) -> Result<Reply> {
    let notification = ctx.notifications().get(id).await?.or_not_found("record")?;
    fields.require("read");
    let read = fields.flag("read").unwrap_or_default();
    fields.finish()?;
    let reply =
        Reply::ok(&Marked { success: true, id, read, message: "Notification updated successfully." })?;
    if read == notification.read.is_some() {
        return Ok(reply);
    }
    let reading = read.then(|| Reading { by: ctx.actor(), at: ctx.now });
    match ctx.commit(vec![ctx.notifications().mark(id, reading.as_ref())?], reply).await {
        // It was there a moment ago.
        Err(Refused::Write(..)) => None.or_not_found("record"),
        committed => Ok(committed?),
    }
}
