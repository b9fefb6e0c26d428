use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::BudgetId,
};

use super::{BudgetOut, with_spending};

/// Gets a budget, with what is spent of it.
#[utoipa::path(get, path = "/api/budgets/{id}", operation_id = "get_budget",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    responses((status = 200, description = "The budget.", body = BudgetOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<BudgetId>) -> Result<Reply> {
    let mut budgets = ctx.repos().settled().load().await?.budgets;
    budgets.retain(|budget| budget.id == id);
    Reply::ok(with_spending(&ctx, &budgets).await?.first().or_not_found("budget")?)
}
