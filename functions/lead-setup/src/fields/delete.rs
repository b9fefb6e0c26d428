use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::FieldId,
    ops::lead_setup,
};

use crate::wire::Changed;

/// Deletes a custom field with all its values.
///
/// No lead shows them from now on; they are erased in the background. The machine name is free at once, and a new field
/// of that name starts empty.
#[utoipa::path(delete, path = "/api/lead-custom-fields/{id}", operation_id = "delete_lead_custom_field", params(("id" = u64, Path, description = "Id of the field.", example = 21)),
    responses((status = 200, description = "Deleted.", body = Changed)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<FieldId>) -> Result<Reply> {
    let render = |id: &FieldId| Changed::reply(*id, "Custom field deleted successfully.");
    ctx.answer(render, async |act| lead_setup::delete_field(act, id).await).await
}
