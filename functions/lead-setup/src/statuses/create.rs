use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, input::InBody, reply::Reply},
    ops::lead_setup::{self, Placed},
};
use utoipa::ToSchema;

use super::{Color, Label, StatusOut};

shared::input! {
    /// A status to create.
    pub struct CreateStatus {
        /// At most 100 characters, and not that of another status, whatever its case.
        #[example("Nurturing")]
        label: Label,
        /// `#rrggbb`; a grey when left out.
        #[example("#10b981")]
        color: Option<Color>,
    }
}

/// The created status.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedStatus)]
pub struct Created {
    success: bool,
    #[serde(flatten)]
    status: StatusOut,
    #[schema(example = "Status created successfully.")]
    message: &'static str,
}

/// Creates a status at the end of the order.
///
/// When another status has the label already, the reply is 409 with that one's `id`.
#[utoipa::path(post, path = "/api/lead-statuses", operation_id = "create_lead_status",
    request_body = CreateStatus, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, InBody(new): InBody<CreateStatus>) -> Result<Reply> {
    let CreateStatus { label, color } = new;
    ctx.answer(created, async |act| lead_setup::create_status(act, label, color).await).await
}

fn created(Placed { weight, status }: &Placed) -> Result<Reply> {
    let status = StatusOut::new(*weight, status);
    Reply::created(&Created { success: true, status, message: "Status created successfully." })
}
