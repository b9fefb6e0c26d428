use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::BudgetId,
    ops::money,
};
use utoipa::ToSchema;

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
#[utoipa::path(delete, path = "/api/budgets/{id}", operation_id = "delete_budget",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<BudgetId>) -> Result<Reply> {
    ctx.answer(deleted, async |act| money::delete_budget(act, id).await).await
}

fn deleted(id: &BudgetId) -> Result<Reply> {
    Reply::ok(&Deleted { success: true, id: *id, message: "Budget deleted successfully." })
}
