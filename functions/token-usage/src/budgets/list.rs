use futures::future::try_join_all;
use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    metering::budgets::spent,
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
    let rows = money.budgets.iter().map(async |budget| {
        let window = budget.period.window(ctx.now);
        let spent = spent(&*ctx.app.store, ctx.tenant(), &budget.scope, &window).await?;
        Ok::<_, shared::error::Error>(BudgetOut::new(budget, window.name, spent))
    });
    let budgets = try_join_all(rows).await?;
    Reply::ok(&Listing { count: budgets.len(), budgets })
}
