use serde::Serialize;
use shared::{
    error::{Error, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::BudgetId,
};
use utoipa::ToSchema;

use crate::change::change;

/// The budget is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedBudget)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: BudgetId,
    #[schema(example = "Budget deleted successfully.")]
    message: &'static str,
}

/// Deletes a budget. Its notifications stay.
#[utoipa::path(delete, path = "/api/budgets/{id}", operation_id = "delete_budget", tag = "prices and budgets",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<BudgetId>) -> Result<Reply> {
    change(&ctx, |money| {
        let at = money.budgets.iter().position(|budget| budget.id == id);
        money.budgets.remove(at.ok_or_else(|| Error::not_found("budget"))?);
        Ok((Reply::ok(&Deleted { success: true, id, message: "Budget deleted successfully." })?, None))
    })
    .await
}
