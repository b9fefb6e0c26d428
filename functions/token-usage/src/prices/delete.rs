use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::QueryFields, reply::Reply},
    ops::money,
};
use utoipa::{IntoParams, ToSchema};

use super::read_name;

/// Which price to delete.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct DeleteQuery {
    #[param(max_length = 200, example = "our-own-model-7b")]
    model_id: String,
    /// The day from which it counts. Left out: the price that counts ever since.
    #[param(format = "time", example = "2026-11-01")]
    from: Option<String>,
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
#[utoipa::path(delete, path = "/api/model-prices", operation_id = "delete_model_price", tag = "prices and budgets",
    params(DeleteQuery), responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let (model_id, from) = read_name(&mut fields);
    fields.finish()?;
    let render = |(): &()| Reply::ok(&Deleted { success: true, message: "Price deleted successfully." });
    ctx.answer(render, async |act| money::delete_price(act, &model_id, from.as_deref()).await).await
}
