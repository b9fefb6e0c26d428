use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, fields::Fields, reply::Reply},
};
use utoipa::ToSchema;

use super::{LABEL, StatusOut, color};
use crate::change::{change, refused};

/// A status to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateStatus {
    /// At most 100 characters, and not that of another status, whatever its case.
    #[schema(pattern = "[^0-9\\s]", max_length = 100, example = "Nurturing")]
    label: String,
    /// `#rrggbb`; a grey when left out.
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", max_length = 50, example = "#10b981")]
    color: Option<String>,
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
#[utoipa::path(post, path = "/api/lead-statuses", operation_id = "create_lead_status", tag = "pipeline",
    request_body = CreateStatus, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, mut fields: Fields) -> Result<Reply> {
    let label = fields.required_text("label", LABEL);
    let color = color(&mut fields);
    fields.finish()?;
    let id = ctx.app.id();
    change(&ctx, |setup| {
        let weight = setup.statuses.len();
        let status = setup.add_status(id, label.clone(), color.clone()).map_err(refused)?;
        let status = StatusOut::new(weight, status);
        let created = Created { success: true, status, message: "Status created successfully." };
        Ok((Reply::created(&created)?, None))
    })
    .await
}
