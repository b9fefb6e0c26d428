use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
};
use utoipa::ToSchema;

use super::{BudgetOut, with_spending};

/// All budgets of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetList)]
pub struct Listing {
    budgets: Vec<BudgetOut>,
    count: usize,
}

/// Lists the budgets, with what is spent of each.
#[utoipa::path(get, path = "/api/budgets", operation_id = "list_budgets",
    responses((status = 200, description = "All of them.", body = Listing)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let money = ctx.repos().settled().load().await?;
    let budgets = with_spending(&ctx, &money.budgets).await?;
    Reply::ok(&Listing { count: budgets.len(), budgets })
}
