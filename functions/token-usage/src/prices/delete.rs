use serde::Serialize;
use shared::{
    domain::usage::MAX_MODEL_CHARS,
    error::Result,
    http::{
        ctx::Ctx,
        input::{Foreign, InQuery},
        reply::Reply,
    },
    ops::money,
};
use utoipa::ToSchema;

use super::UtcDay;

shared::input! {
    /// Which price to delete.
    pub struct DeleteQuery {
        #[example("our-own-model-7b")]
        model_id: Foreign<MAX_MODEL_CHARS>,
        /// The day from which it counts. Left out: the price that counts ever since.
        #[example("2026-11-01")]
        from: Option<UtcDay>,
    }
}

/// The price is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelPriceDeleted)]
pub struct Deleted {
    success: bool,
    #[schema(example = "Price deleted successfully.")]
    message: &'static str,
}

/// Deletes a price of the organization's own. What was priced with it keeps its cost until `POST /api/token-usage/reprice`.
#[utoipa::path(delete, path = "/api/model-prices", operation_id = "delete_model_price",
    params(DeleteQuery), responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(
    ctx: Ctx,
    InQuery(DeleteQuery { model_id, from }): InQuery<DeleteQuery>,
) -> Result<Reply> {
    let render = |(): &()| Reply::ok(&Deleted { success: true, message: "Price deleted successfully." });
    ctx.answer(render, async |act| money::delete_price(act, &model_id, from.as_deref()).await).await
}
