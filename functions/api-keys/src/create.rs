use shared::{
    error::Result,
    http::{ctx::Ctx, input::InBody, reply::Reply},
    ops::api_keys,
};

use crate::{
    input::CreateApiKey,
    wire::{CreatedOut, shown_once},
};

/// Makes an API key, whose text is in this reply only.
///
/// It acts as the user of the credential that asks for it, may do nothing that this one may not, lives no longer and is bound by
/// no wider terms. Repeated under the same `Idempotency-Key` no second key is made, and `key` is null.
#[utoipa::path(post, path = "/api/v1/api_keys", operation_id = "create_api_key",
    request_body = CreateApiKey, responses((status = 201, description = "The key, and never again.", body = CreatedOut)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<CreateApiKey>) -> Result<Reply> {
    let by = ctx.caller.clone();
    ctx.answer(
        |created: &api_keys::Created| shown_once(created, None),
        async move |act| api_keys::create(act, &by, input.into()).await,
    )
    .await
}
