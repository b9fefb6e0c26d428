use shared::{
    domain::chore::What,
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
};

use crate::change::{Changed, change, refused};

/// Deletes a custom field with all its values.
///
/// No lead shows them from now on; they are erased in the background. The machine name is free at once, and a new field
/// of that name starts empty.
#[utoipa::path(delete, path = "/api/lead-custom-fields/{id}", operation_id = "delete_lead_custom_field",
    tag = "pipeline", params(("id" = u64, Path, description = "Id of the field.", example = 21)),
    responses((status = 200, description = "Deleted.", body = Changed)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId) -> Result<Reply> {
    change(&ctx, |setup| {
        setup.delete_field(id).map_err(refused)?;
        let deleted = Changed { success: true, id, message: "Custom field deleted successfully." };
        Ok((Reply::ok(&deleted)?, Some(What::ForgetField { field_id: id })))
    })
    .await
}
