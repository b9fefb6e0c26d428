use serde::Serialize;
use shared::{
    domain::price,
    error::{Error, Result},
    http::{ctx::Ctx, extract::QueryFields, reply::Reply},
};
use utoipa::{IntoParams, ToSchema};

use super::read_name;
use crate::change::change;

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
    change(&ctx, |money| {
        let at = price::position(&money.prices, &model_id, from.as_deref());
        money.prices.remove(at.ok_or_else(|| Error::not_found("price of this model and day"))?);
        Ok((Reply::ok(&Deleted { success: true, message: "Price deleted successfully." })?, None))
    })
    .await
}
