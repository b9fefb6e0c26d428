use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Flag, of_standing},
        reply::Reply,
    },
    ids::NotificationId,
    ops::notifications,
};
use utoipa::ToSchema;

shared::input! {
    /// Whether it was read.
    pub struct MarkNotification {
        #[example(true)]
        read: Flag,
    }
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
#[utoipa::path(patch, path = "/api/notifications/{id}", operation_id = "mark_notification",
    params(("id" = u64, Path, description = "Id of the notification.", example = 42)),
    request_body = MarkNotification, responses((status = 200, description = "Marked.", body = Marked)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<NotificationId>, fields: Fields) -> Result<Reply> {
    let MarkNotification { read } =
        of_standing(ctx.repos().notifications().get(id), MarkNotification::read(fields)).await?;
    ctx.answer(marked, async |act| notifications::mark(act, id, read).await).await
}

fn marked(done: &notifications::Marked) -> Result<Reply> {
    let message = "Notification updated successfully.";
    Reply::ok(&Marked { success: true, id: done.id, read: done.read, message })
}
