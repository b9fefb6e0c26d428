use super::{Amount, TITLE, Thresholds};
use shared::{
    domain::budget::Period,
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        input::{InBody, Text, Word},
        reply::Reply,
    },
    ids::BudgetId,
    ops::money::{self, BudgetPatch},
};

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

shared::ack! {
    /// The budget is changed.
    Updated as UpdatedBudget, 42: "Budget updated successfully."
}

/// Changes a budget. With another amount or period its thresholds are others, and are told again when they are reached.
#[utoipa::path(patch, path = "/api/budgets/{id}", operation_id = "update_budget",
    params(("id" = u64, Path, description = "Id of the budget.", example = 42)),
    request_body = UpdateBudget, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<BudgetId>,
    InBody(sent): InBody<UpdateBudget>,
) -> Result<Reply> {
    let UpdateBudget { title, period, amount: pico, thresholds } = sent;
    let patch = BudgetPatch { title, period, pico, thresholds };
    ctx.answer(Updated::of, async |act| money::update_budget(act, id, patch).await).await
}
