use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ids::Id,
    ops::money,
};
use utoipa::ToSchema;

use super::patch;

/// What to change. What is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct UpdateBudget {
    #[schema(max_length = 200, example = "Model calls")]
    title: Option<String>,
    /// `day` or `month`, in UTC.
    #[schema(example = "month")]
    period: Option<String>,
    /// US dollars, to the cent.
    #[schema(minimum = 0.01, maximum = 1_000_000, example = 150)]
    amount: Option<f64>,
    /// Percentages at which a notification is made.
    #[schema(value_type = Option<Vec<u16>>, example = json!([50, 80, 100]))]
    thresholds: Option<Vec<u16>>,
}

/// The budget is changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedBudget)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Budget updated successfully.")]
    message: &'static str,
}

/// Changes a budget. With another amount or period its thresholds are others, and are told again when they are reached.
#[utoipa::path(patch, path = "/api/budgets/{id}", operation_id = "update_budget", tag = "prices and budgets",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    request_body = UpdateBudget, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, mut fields: Fields) -> Result<Reply> {
    let patch = patch(&mut fields);
    fields.finish()?;
    ctx.answer(updated, async |act| money::update_budget(act, id, patch).await).await
}

fn updated(id: &Id) -> Result<Reply> {
    Reply::ok(&Updated { success: true, id: *id, message: "Budget updated successfully." })
}
