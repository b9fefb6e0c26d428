use serde::Serialize;
use shared::{
    domain::notification::{Notification, NotificationType},
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, MAX_URL},
        reply::Reply,
    },
    ids::NotificationId,
    ops::notifications::{self, NewNotification},
};
use utoipa::ToSchema;

/// A notification to show.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `read` reads leniently")]
pub struct CreateNotification {
    #[schema(max_length = 255, example = "Report generated successfully")]
    title: String,
    #[schema(max_length = 10_000, example = "The weekly sales report is ready for review.")]
    message: String,
    /// `workflow_alert` (default), `workflow_complete`, `workflow_error`, `human_review`, `new_lead` or `new_media`.
    #[serde(rename = "type")]
    #[schema(example = "workflow_complete")]
    kind: Option<String>,
    /// Where a click leads: an http or https URL, or a path that begins with `/`.
    #[schema(
        pattern = r"^(/|/[^/\\].*|[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\]+([/?#]\S*)?)$",
        max_length = 8192,
        example = "https://app.example.com/payloads/42"
    )]
    link: Option<String>,
    /// What it speaks of, such as `custom_payload`, `lead` or `media_item`.
    #[schema(max_length = 100, example = "custom_payload")]
    entity_type: Option<String>,
    #[schema(example = 42)]
    entity_id: Option<u64>,
    /// The client group that it is for; the key's own when left out.
    group_id: Option<u64>,
}

/// The notification is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedNotification)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: NotificationId,
    #[schema(example = "Notification created successfully.")]
    message: &'static str,
}

/// Notifies the people of a client group.
#[utoipa::path(post, path = "/api/notifications", operation_id = "create_notification", tag = "notifications",
    request_body = CreateNotification, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let new = read(fields)?;
    ctx.answer(created, async |act| notifications::create(act, new).await).await
}

fn created(notification: &Notification) -> Result<Reply> {
    let message = "Notification created successfully.";
    Reply::created(&Created { success: true, id: notification.id, message })
}

fn read(mut fields: Fields) -> Result<NewNotification> {
    let new = NewNotification {
        title: fields.required_text("title", 255),
        message: fields.required_text("message", 10_000),
        kind: fields.one_of("type", NotificationType::WORDS, NotificationType::parse).unwrap_or_default(),
        link: link(&mut fields),
        entity_type: fields.text("entity_type", 100),
        entity_id: fields.id("entity_id"),
        group_id: fields.id("group_id"),
    };
    fields.finish()?;
    Ok(new)
}

/// A page shows the link for people to click, so that it must not be able to run anything or to leave the page's origin
/// unseen: browsers read `//` and `/\` as the beginning of a host.
fn link(fields: &mut Fields) -> Option<String> {
    let text = fields.text("link", MAX_URL)?;
    if text.starts_with('/') && !text[1..].starts_with(['/', '\\']) {
        return Some(text);
    }
    fields.url("link").map(String::from)
}
