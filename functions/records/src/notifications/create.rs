use shared::{
    domain::notification::{Notification, NotificationType},
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, MAX_URL},
        input::{Asked, Field, InBody, OrDefault, Schema, Text, Word, describe},
        reply::Reply,
    },
    ids::{GroupId, Id},
    ops::notifications::{self, NewNotification},
};
shared::input! {
    /// A notification to show.
    pub struct CreateNotification {
        #[example("Report generated successfully")]
        title: Text<255>,
        #[example("The weekly sales report is ready for review.")]
        message: Text<10_000>,
        /// `workflow_alert` (default), `workflow_complete`, `workflow_error`, `human_review`, `new_lead` or `new_media`.
        #[example("workflow_complete")]
        #[name("type")]
        kind: OrDefault<Word<NotificationType>>,
        /// Where a click leads: an http or https URL, or a path that begins with `/`.
        #[example("https://app.example.com/payloads/42")]
        link: Option<Link>,
        /// What it speaks of, such as `custom_payload`, `lead` or `media_item`.
        #[example("custom_payload")]
        entity_type: Option<Text<100>>,
        #[example(42)]
        entity_id: Option<Id>,
        /// The client group that it is for; the key's own when left out.
        group_id: Option<GroupId>,
    }
}

impl From<CreateNotification> for NewNotification {
    fn from(sent: CreateNotification) -> Self {
        Self {
            title: sent.title,
            message: sent.message,
            kind: sent.kind,
            link: sent.link,
            entity_type: sent.entity_type,
            entity_id: sent.entity_id,
            group_id: sent.group_id,
        }
    }
}

/// A page shows the link for people to click, so that it must not be able to run anything or to leave the page's origin
/// unseen: browsers read `//` and `/\` as the beginning of a host.
struct Link;

impl Field for Link {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let text = fields.text(name, MAX_URL)?;
        if text.starts_with('/') && !text[1..].starts_with(['/', '\\']) {
            return Some(text);
        }
        fields.url(name).map(String::from)
    }

    fn schema(asked: Asked) -> Schema {
        let pattern = r"(/|/[^/\\].*|[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@\\]+([/?#]\S*)?)";
        describe::patterned(asked, pattern, MAX_URL)
    }
}

shared::ack! {
    /// The notification is there.
    Created as CreatedNotification, 42, new: "Notification created successfully."
}

/// Notifies the people of a client group.
#[utoipa::path(post, path = "/api/notifications", operation_id = "create_notification",
    request_body = CreateNotification, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, InBody(new): InBody<CreateNotification>) -> Result<Reply> {
    let new = new.into();
    ctx.answer(created, async |act| notifications::create(act, new).await).await
}

fn created(notification: &Notification) -> Result<Reply> {
    Created::of(&notification.id)
}
