use serde::Serialize;
use shared::{
    clock,
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::ApiKeyId,
    ops::api_keys,
};
use utoipa::ToSchema;

/// The key has ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RevokedApiKey)]
pub struct Revoked {
    #[schema(example = "API key revoked.")]
    message: &'static str,
    #[schema(value_type = u64, example = 9)]
    id: ApiKeyId,
    /// When it was revoked first.
    #[schema(example = "2026-04-02T12:00:00Z")]
    revoked_at: Option<String>,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "It was the last API key of the organization that worked.")]
    warning: Option<&'static str>,
}

const WAS_LAST: &str = "It was the last API key of the organization that worked. Programs cannot call any more: make another \
    key in a session, or with baton key create.";

/// Ends an API key at once; an instance that has just seen it follows within a minute.
///
/// A key that is revoked already stays so. A key may revoke itself, whatever its scopes are.
#[utoipa::path(delete, path = "/api/v1/api_keys/{id}/revoke", operation_id = "revoke_api_key",
    params(("id" = u64, Path, description = "Id of the key.", example = 9)),
    responses((status = 200, description = "It has ended.", body = Revoked)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<ApiKeyId>) -> Result<Reply> {
    let revoked = api_keys::revoke(&ctx, id).await?;
    Reply::ok(&Revoked {
        message: "API key revoked.",
        id,
        revoked_at: revoked.key.revoked_at.map(clock::iso),
        warning: revoked.was_last.then_some(WAS_LAST),
    })
}
