use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    metering::budgets::Spent,
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
#[utoipa::path(get, path = "/api/budgets", operation_id = "list_budgets", tag = "prices and budgets",
    responses((status = 200, description = "All of them.", body = Listing)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let money = ctx.settled().load().await?;
    let mut spent = Spent::new(&*ctx.app.store, ctx.tenant());
    spent.read(money.budgets.iter().map(|budget| (&budget.scope, budget.period.window(ctx.now)))).await?;
    let budgets: Vec<_> = money
        .budgets
        .iter()
        .map(|budget| {
            let window = budget.period.window(ctx.now);
            let spent = spent.of(&budget.scope, &window);
            BudgetOut::new(budget, window.name, spent)
        })
        .collect();
    Reply::ok(&Listing { count: budgets.len(), budgets })
}
