use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
};
use utoipa::ToSchema;

use super::{LABEL, color};
use crate::change::{Changed, change, refused};

/// What to change; what is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct UpdateStatus {
    #[schema(pattern = "[^0-9\\s]", min_length = 1, max_length = 100, example = "On hold")]
    label: Option<String>,
    /// `#rrggbb`
    #[schema(pattern = "^#[0-9A-Fa-f]{6}$", max_length = 50, example = "#f59e0b")]
    color: Option<String>,
}

/// Changes label or colour of a status of the organization's own. Built-in statuses cannot be changed.
#[utoipa::path(patch, path = "/api/lead-statuses/{id}", operation_id = "update_lead_status", tag = "pipeline",
    params(("id" = u64, Path, description = "Id of the status.", example = 12)),
    request_body = UpdateStatus, responses((status = 200, description = "Changed.", body = Changed)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, mut fields: Fields) -> Result<Reply> {
    let label = fields.kept_text("label", LABEL);
    let color = color(&mut fields);
    fields.finish()?;
    change(&ctx, |setup| {
        setup.change_status(id, label.clone(), color.clone()).map_err(refused)?;
        let changed = Changed { success: true, id, message: "Status updated successfully." };
        Ok((Reply::ok(&changed)?, None))
    })
    .await
}
