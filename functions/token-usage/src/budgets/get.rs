use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::BudgetId,
    ops::budgets,
};

use super::BudgetOut;

/// Gets a budget, with what is spent of it.
#[utoipa::path(get, path = "/api/budgets/{id}", operation_id = "get_budget",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    responses((status = 200, description = "The budget.", body = BudgetOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<BudgetId>) -> Result<Reply> {
    Reply::ok(&BudgetOut::from(budgets::get(&ctx, id).await?))
}
