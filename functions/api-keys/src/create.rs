use shared::{
    error::Result,
    http::{ctx::Ctx, input::InBody, peer::Peer, reply::Reply},
    ops::api_keys,
};

use crate::{
    input::CreateApiKey,
    wire::{CreatedOut, shown_once},
};

const EXCLUDES_YOU: &str =
    "The key may not be used from where this request comes from: allowed_ips leaves that address out.";

/// Makes an API key, whose text is in this reply only.
///
/// It acts as the user of the credential that asks for it, may do nothing that this one may not, lives no longer and is bound by
/// no wider terms. Repeated under the same `Idempotency-Key` no second key is made, and `key` is null.
#[utoipa::path(post, path = "/api/v1/api_keys", operation_id = "create_api_key",
    request_body = CreateApiKey, responses((status = 201, description = "The key, and never again.", body = CreatedOut)))]
pub async fn handler(ctx: Ctx, peer: Peer, InBody(input): InBody<CreateApiKey>) -> Result<Reply> {
    let by = ctx.caller.clone();
    ctx.answer(
        move |created: &api_keys::Created| {
            let excluded = !created.key.terms.admits(peer.address);
            shown_once(created, None, excluded.then_some(EXCLUDES_YOU))
        },
        async move |act| api_keys::create(act, &by, input.into()).await,
    )
    .await
}
