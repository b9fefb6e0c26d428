use serde::Serialize;
use shared::{
    domain::{budget::Period, chore::What},
    error::{Error, Result},
    http::{
        ctx::Ctx,
        extract::PathId,
        input::{InBody, Text, Word},
        reply::Reply,
    },
    ids::BudgetId,
};
use utoipa::ToSchema;

use super::{Amount, TITLE, Thresholds};
use crate::change::change;

shared::input! {
    /// What to change. What is left out stays.
    pub struct UpdateBudget {
        #[example("Model calls")]
        title: Option<Text<TITLE>>,
        /// `day` or `month`, in UTC.
        #[example("month")]
        period: Option<Word<Period>>,
        /// US dollars, to the cent.
        #[example(150)]
        amount: Option<Amount>,
        /// Percentages at which a notification is made.
        #[example([50, 80, 100])]
        thresholds: Option<Thresholds>,
    }
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
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<BudgetId>,
    InBody(wish): InBody<UpdateBudget>,
) -> Result<Reply> {
    change(&ctx, |money| {
        let budget = money.budgets.iter_mut().find(|budget| budget.id == id);
        let budget = budget.ok_or_else(|| Error::not_found("budget"))?;
        let before = budget.clone();
        budget.title = wish.title.clone().unwrap_or_else(|| before.title.clone());
        budget.period = wish.period.unwrap_or(before.period);
        budget.pico = wish.amount.unwrap_or(before.pico);
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
