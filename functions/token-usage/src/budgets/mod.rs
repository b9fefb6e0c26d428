//! Budgets: how much may be spent, and who hears of it.

pub mod create;
pub mod delete;
pub mod get;
pub mod list;
pub mod update;

use serde::Serialize;
use serde_json::{Number, Value, json};
use shared::{
    domain::budget::{MAX_PICO, Scope},
    http::{
        fields::Fields,
        input::{Asked, Field, describe::list, number},
    },
    ids::{BudgetId, GroupId},
    json::Part,
    ops::budgets::Spending,
    pricing::usd,
};
use utoipa::ToSchema;

/// Longest title.
const TITLE: usize = 200;
/// Most thresholds of a budget, and the highest percentage.
const MAX_THRESHOLDS: usize = 10;
const MAX_PERCENT: u16 = 1000;

/// A budget and how much of it is spent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Budget)]
pub struct BudgetOut {
    #[schema(value_type = u64, example = 42)]
    id: BudgetId,
    #[schema(example = "Model calls")]
    title: String,
    /// `organization`, `group` or `workflow`.
    #[schema(example = "organization")]
    scope: &'static str,
    /// The client group whose spending counts, and that the notifications belong to; for other scopes the latter only.
    #[schema(value_type = u64, example = 7)]
    group_id: GroupId,
    workflow_id: Option<String>,
    /// `day` or `month`, in UTC.
    #[schema(example = "month")]
    period: &'static str,
    /// US dollars.
    #[schema(value_type = f64, example = 100)]
    amount: Number,
    /// Percentages at which a notification is made, once in each window.
    #[schema(example = json!([50, 80, 100]))]
    thresholds: Vec<u16>,
    /// The day or month that `spent` is of.
    #[schema(example = "2026-11")]
    window: String,
    /// US dollars.
    #[schema(value_type = f64, example = 12.5)]
    spent: Number,
    /// Whole percent of the amount.
    #[schema(example = 12)]
    percent: i64,
}

impl From<Spending> for BudgetOut {
    fn from(spending: Spending) -> Self {
        let percent = spending.percent();
        let Spending { budget, window, spent } = spending;
        let (scope, workflow_id) = match budget.scope {
            Scope::Organization => ("organization", None),
            Scope::Group(_) => ("group", None),
            Scope::Workflow(workflow) => ("workflow", Some(workflow)),
        };
        Self {
            id: budget.id,
            title: budget.title,
            scope,
            group_id: budget.group_id,
            workflow_id,
            period: budget.period.as_str(),
            amount: usd(budget.pico),
            thresholds: budget.thresholds,
            window: window.name,
            spent: usd(spent.pico),
            percent,
        }
    }
}

/// Dollars to the cent, as pico-dollars.
pub struct Amount;

impl Field for Amount {
    type Value = i64;

    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    fn read(fields: &mut Fields, name: &str) -> Option<i64> {
        let cents = (fields.number(name)?.as_f64()? * 100.0).round();
        let most = (MAX_PICO / 10_000_000_000) as f64;
        if !(1.0..=most).contains(&cents) {
            fields.refuse(name, "must be 0.01 to 1000000 US dollars");
            return None;
        }
        Some(cents as i64 * 10_000_000_000)
    }

    fn schema(asked: Asked) -> Value {
        number(
            asked,
            &json!(0.01),
            &json!(1_000_000),
            r"[1-9][0-9]{0,5}(\.[0-9]{1,2})?|0\.[1-9][0-9]?|0\.0[1-9]|1000000",
        )
    }
}

/// Percentages at which a notification is made.
pub struct Thresholds;

impl Field for Thresholds {
    type Value = Vec<u16>;

    fn read(fields: &mut Fields, name: &str) -> Option<Vec<u16>> {
        let percent = |part: Part<'_>| {
            let percent: u16 = part.text_or_digits()?.trim().parse().ok()?;
            (1..=MAX_PERCENT).contains(&percent).then_some(percent)
        };
        let sent = fields.json(name)?;
        // One more than there may be: what follows need not be read.
        let read: Option<Vec<u16>> = sent.part().items().take(MAX_THRESHOLDS + 1).map(percent).collect();
        let Some(mut thresholds) = read.filter(|all| (1..=MAX_THRESHOLDS).contains(&all.len())) else {
            fields.refuse(name, "must be a list of 1 to 10 percentages between 1 and 1000");
            return None;
        };
        thresholds.sort_unstable();
        thresholds.dedup();
        Some(thresholds)
    }

    fn schema(asked: Asked) -> Value {
        let percent = json!({
            "type": ["integer", "string"], "format": "int32", "minimum": 1, "maximum": MAX_PERCENT,
            "pattern": "^([1-9][0-9]{0,2}|1000)$", "maxLength": 4,
        });
        list(asked, percent, 1, MAX_THRESHOLDS)
    }
}
