use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, input::InBody, reply::Reply},
    ids::ApiKeyId,
    ops::api_keys,
};

use crate::{
    input::RotateApiKey,
    wire::{CreatedOut, shown_once},
};

/// Makes an API key in the place of another, with the same settings, whose text is in this reply only.
///
/// The new key lives as long from now on as the old one was to live. The old one works on for `overlap` hours, so that whatever
/// uses it can be given the new one meanwhile.
#[utoipa::path(post, path = "/api/v1/api_keys/{id}/rotate", operation_id = "rotate_api_key",
    params(("id" = u64, Path, description = "Id of the key.", example = 9)),
    request_body = RotateApiKey, responses((status = 201, description = "The new key, and never again.", body = CreatedOut)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<ApiKeyId>,
    InBody(input): InBody<RotateApiKey>,
) -> Result<Reply> {
    let (by, overlap) = (ctx.caller.clone(), api_keys::overlap(input.overlap));
    ctx.answer(
        |rotated: &api_keys::Rotated| shown_once(&rotated.new, Some(&rotated.old), None),
        async move |act| api_keys::rotate(act, &by, id, overlap).await,
    )
    .await
}
