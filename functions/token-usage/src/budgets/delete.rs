use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::BudgetId,
    ops::money,
};

shared::ack! {
    /// The budget is gone.
    Deleted as DeletedBudget, 42: "Budget deleted successfully."
}

/// Deletes a budget. Its notifications stay.
#[utoipa::path(delete, path = "/api/budgets/{id}", operation_id = "delete_budget",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<BudgetId>) -> Result<Reply> {
    ctx.answer(Deleted::of, async |act| money::delete_budget(act, id).await).await
}
