//! The money of the scene: budget 61 and the price of a model of the organization's own; `base` is added to the id.

use serde_json::json;
use shared::{
    domain::{
        budget::{Budget, Period, Scope, THRESHOLDS},
        money::Money,
        price::OwnPrice,
        review::Actor,
    },
    ids::BudgetId,
    pricing::Rates,
};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

/// Far beyond what a scene spends.
const AMOUNT: i64 = 100_000_000_000_000;

pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    let now = house.app.now();
    let budget = Budget {
        id: BudgetId::from_u64(base + 61).unwrap(),
        title: "Model calls".into(),
        scope: Scope::Organization,
        period: Period::Month,
        pico: AMOUNT,
        thresholds: THRESHOLDS.into(),
        group_id: caller.key.group_id,
        created_at: now,
        changed_at: now,
        told: Vec::new(),
    };
    let price = OwnPrice {
        model_id: "our-own-model-7b".into(),
        from: None,
        rates: Rates { input: 500_000, output: 1_500_000, ..Rates::default() },
        version: "own-1".into(),
        set_by: Actor { user_id: caller.key.user_id, username: "jane@acme.example".into() },
        set_at: now,
    };
    let money = Money { prices: vec![price], budgets: vec![budget], v: 1, ..Money::default() };
    let settled = house.app.repos(caller.key.tenant).settled();
    house.app.store.write(settled.put_next(&money).unwrap()).await.unwrap();
}

/// One more budget, of the caller's client group.
pub async fn seed_beside(house: &TestApp, caller: &Caller, base: u64) {
    let settled = house.app.repos(caller.key.tenant).settled();
    let mut money = settled.load().await.unwrap();
    let (id, group_id) = (BudgetId::from_u64(base + 61).unwrap(), caller.key.group_id);
    money.budgets.push(Budget { id, group_id, scope: Scope::Group(group_id), ..money.budgets[0].clone() });
    money.v += 1;
    house.app.store.write(settled.put_next(&money).unwrap()).await.unwrap();
}

pub fn samples() -> Vec<Sample> {
    let mut all = prices();
    all.extend(budgets());
    all
}

fn prices() -> Vec<Sample> {
    vec![
        Sample {
            nowhere: Some("/api/token-usage/unknown/records"),
            ..read("list_token_usage_records", "/api/token-usage/abc123/records")
        },
        Sample {
            required: &["from"],
            wrong: vec![("from", json!("yesterday")), ("from", json!([]))],
            ..write("reprice_token_usage", "/api/token-usage/reprice", json!({ "from": "2025-01-01" }))
        },
        read("list_model_prices", "/api/model-prices"),
        Sample {
            required: &["model_id", "input_per_million", "output_per_million"],
            wrong: vec![
                ("model_id", json!({})),
                ("from", json!("today")),
                ("input_per_million", json!("much")),
                ("input_per_million", json!(-1)),
                ("output_per_million", json!(1000.5)),
                ("cache_read_per_million", json!(0.000_000_5)),
                ("cache_write_per_million", json!([])),
                ("cache_write_1h_per_million", json!(true)),
            ],
            ..write(
                "set_model_price",
                "/api/model-prices",
                json!({ "model_id": "our-own-model-7b", "from": "2026-11-01", "input_per_million": 0.5,
                    "output_per_million": "1.5", "cache_read_per_million": 0.05 }),
            )
        },
        Sample {
            nowhere: Some("/api/model-prices?model_id=nobodys"),
            ..read("delete_model_price", "/api/model-prices?model_id=our-own-model-7b")
        },
    ]
}

fn budgets() -> Vec<Sample> {
    vec![
        read("list_budgets", "/api/budgets"),
        Sample {
            required: &["period", "amount"],
            wrong: vec![
                ("period", json!("week")),
                ("amount", json!(0)),
                ("amount", json!("plenty")),
                ("thresholds", json!([])),
                ("thresholds", json!([50, 0])),
                ("thresholds", json!("half")),
                ("scope", json!("team")),
                ("group_id", json!("ours")),
                ("workflow_id", json!([])),
                ("title", json!("t".repeat(201))),
            ],
            ..write(
                "create_budget",
                "/api/budgets",
                json!({ "title": "Model calls", "scope": "organization", "period": "month", "amount": 100,
                    "thresholds": [50, 80, 100] }),
            )
        },
        Sample { nowhere: Some("/api/budgets/4242"), ..read("get_budget", "/api/budgets/61") },
        Sample {
            nowhere: Some("/api/budgets/4242"),
            wrong: vec![
                ("amount", json!(-5)),
                ("period", json!(7)),
                ("thresholds", json!(50)),
                ("title", json!("t".repeat(201))),
            ],
            ..write("update_budget", "/api/budgets/61", json!({ "amount": 150 }))
        },
        Sample { nowhere: Some("/api/budgets/4242"), ..read("delete_budget", "/api/budgets/61") },
    ]
}
