use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        input::{InBody, Kept},
        reply::Reply,
    },
    ids::StatusId,
    ops::lead_setup,
};

use super::{Color, Label};
use crate::wire::Changed;

shared::input! {
    /// What to change; what is left out stays.
    pub struct UpdateStatus {
        #[example("On hold")]
        label: Kept<Label>,
        /// `#rrggbb`
        #[example("#f59e0b")]
        color: Option<Color>,
    }
}

/// Changes label or colour of a status of the organization's own. Built-in statuses cannot be changed.
#[utoipa::path(patch, path = "/api/lead-statuses/{id}", operation_id = "update_lead_status",
    params(("id" = u64, Path, description = "Id of the status.", example = 12)),
    request_body = UpdateStatus, responses((status = 200, description = "Changed.", body = Changed)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<StatusId>,
    InBody(patch): InBody<UpdateStatus>,
) -> Result<Reply> {
    let UpdateStatus { label, color } = patch;
    let render = |id: &StatusId| Changed::reply(*id, "Status updated successfully.");
    ctx.answer(render, async |act| lead_setup::update_status(act, id, label, color).await).await
}
