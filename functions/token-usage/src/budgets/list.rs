use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    ops::budgets,
};
use utoipa::ToSchema;

use super::BudgetOut;

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
    let budgets: Vec<BudgetOut> = budgets::list(&ctx).await?.into_iter().map(From::from).collect();
    Reply::ok(&Listing { count: budgets.len(), budgets })
}
