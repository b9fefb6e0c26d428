use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::ApiKeyId,
    ops::api_keys,
};

use crate::wire::KeyOut;

/// Shows an API key, without its text.
#[utoipa::path(get, path = "/api/v1/api_keys/{id}", operation_id = "get_api_key",
    params(("id" = u64, Path, description = "Id of the key.", example = 9)),
    responses((status = 200, description = "The key.", body = KeyOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ApiKeyId>) -> Result<Reply> {
    let key = api_keys::get(&ctx, id).await?;
    Reply::ok(&KeyOut::new(&key, ctx.now))
}
