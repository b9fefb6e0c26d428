use serde::Serialize;
use shared::{
    domain::chore::What,
    error::{Error, Result},
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ids::BudgetId,
};
use utoipa::ToSchema;

use super::Wish;
use crate::change::change;

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
    id: BudgetId,
    #[schema(example = "Budget updated successfully.")]
    message: &'static str,
}

/// Changes a budget. With another amount or period its thresholds are others, and are told again when they are reached.
#[utoipa::path(patch, path = "/api/budgets/{id}", operation_id = "update_budget", tag = "prices and budgets",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    request_body = UpdateBudget, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<BudgetId>, mut fields: Fields) -> Result<Reply> {
    let wish = Wish::read(&mut fields);
    fields.finish()?;
    change(&ctx, |money| {
        let budget = money.budgets.iter_mut().find(|budget| budget.id == id);
        let budget = budget.ok_or_else(|| Error::not_found("budget"))?;
        let before = budget.clone();
        budget.title = wish.title.clone().unwrap_or_else(|| before.title.clone());
        budget.period = wish.period.unwrap_or(before.period);
        budget.pico = wish.pico.unwrap_or(before.pico);
        budget.thresholds = wish.thresholds.clone().unwrap_or_else(|| before.thresholds.clone());
        budget.changed_at = ctx.now;
        if (budget.pico, budget.period) != (before.pico, before.period) {
            budget.told.clear();
        }
        let updated = Updated { success: true, id, message: "Budget updated successfully." };
        Ok((Reply::ok(&updated)?, Some(What::CheckBudgets)))
    })
    .await
}
