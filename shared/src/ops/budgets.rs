//! Budgets with what is spent of them.

use super::act::Act;
use crate::{
    domain::{
        budget::{Budget, Window},
        usage::Totals,
    },
    error::{OrNotFound, Result},
    ids::BudgetId,
    metering::budgets::Spent,
};

/// A budget, and how much of it is spent in the window of now.
#[derive(Debug)]
pub struct Spending {
    pub budget: Budget,
    pub window: Window,
    pub spent: Totals,
}

impl Spending {
    /// Whole percent of the amount.
    pub fn percent(&self) -> i64 {
        let percent = i128::from(self.spent.pico) * 100 / i128::from(self.budget.pico.max(1));
        i64::try_from(percent).unwrap_or(i64::MAX)
    }
}

/// All budgets of the organization, as far as the act reaches.
pub async fn list(act: &Act) -> Result<Vec<Spending>> {
    let mut budgets = act.repos().settled().load().await?.budgets;
    budgets.retain(|budget| budget.shows(&act.reach));
    with_spending(act, budgets).await
}

/// One budget.
pub async fn get(act: &Act, id: BudgetId) -> Result<Spending> {
    let mut budgets = act.repos().settled().load().await?.budgets;
    budgets.retain(|budget| budget.id == id && budget.shows(&act.reach));
    with_spending(act, budgets).await?.pop().or_not_found("budget")
}

async fn with_spending(act: &Act, budgets: Vec<Budget>) -> Result<Vec<Spending>> {
    let mut sums = Spent::new(&*act.app.store, act.tenant);
    sums.read(budgets.iter().map(|budget| (&budget.scope, budget.period.window(act.now)))).await?;
    let each = budgets.into_iter().map(|budget| {
        let window = budget.period.window(act.now);
        let spent = sums.of(&budget.scope, &window);
        Spending { budget, window, spent }
    });
    Ok(each.collect())
}
