//! What every route and every step of a worker costs: measured, and held to `budget.csv`; and as a body grows, to
//! `sizes.csv`.
//!
//! Its one rule: nothing gets dearer, and nothing cheaper, without the file saying so. What a million of each costs stands
//! in docs/COSTS.md, computed from the same file.

mod lists;
mod month;
mod page;
mod partitions;
mod requests;
mod sizes;
mod work;

use std::fmt::Write as _;

use harness::TestApp;

/// What one step costs. The units are DynamoDB's.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// The route's operation, with what is special about the request; or the worker's step.
    pub step: String,
    pub read_units: f64,
    pub write_units: f64,
    /// Store calls in a row; those made side by side count once.
    pub round_trips: usize,
    /// Messages sent.
    pub messages: usize,
    /// Bodies written, read and deleted.
    pub bodies: usize,
    /// Calls to n8n and other sites.
    pub outgoing: usize,
}

const BUDGET: &str = include_str!("../../costs/budget.csv");
const HEAD: &str = "step,read_units,write_units,round_trips,messages,bodies,outgoing";

/// Does the work and says what it cost. The work must leave the faults calm.
pub async fn measure<T>(house: &TestApp, step: &str, work: impl Future<Output = T>) -> (Cost, T) {
    house.faults.set(standins::Plan::Calm);
    let before = house.meter();
    let done = work.await;
    let spent = house.meter().since(&before);
    let calls = house.faults.calls();
    let count = |port: &str| calls.iter().filter(|call| call.starts_with(port)).count();
    let messages = calls.iter().filter_map(|call| call.strip_prefix("queue.send ")?.rsplit(' ').next());
    let cost = Cost {
        step: step.to_owned(),
        read_units: spent.read_units,
        write_units: spent.write_units,
        round_trips: house.faults.depth(),
        messages: messages.map(|sent| sent.parse::<usize>().unwrap()).sum(),
        bodies: count("blobs."),
        outgoing: count("http."),
    };
    (cost, done)
}

fn budget() -> Vec<Cost> {
    let mut lines = BUDGET.lines();
    assert_eq!(lines.next(), Some(HEAD));
    lines.map(parse).collect()
}

fn parse(line: &str) -> Cost {
    let mut cells = line.rsplitn(7, ',').collect::<Vec<_>>().into_iter().rev();
    let mut cell = || cells.next().unwrap_or_else(|| panic!("too few cells: {line}"));
    Cost {
        step: cell().to_owned(),
        read_units: cell().parse().unwrap(),
        write_units: cell().parse().unwrap(),
        round_trips: cell().parse().unwrap(),
        messages: cell().parse().unwrap(),
        bodies: cell().parse().unwrap(),
        outgoing: cell().parse().unwrap(),
    }
}

fn written(costs: &[Cost]) -> String {
    let mut text = format!("{HEAD}\n");
    for cost in costs {
        let Cost { step, read_units, write_units, round_trips, messages, bodies, outgoing } = cost;
        writeln!(text, "{step},{read_units},{write_units},{round_trips},{messages},{bodies},{outgoing}")
            .unwrap();
    }
    text
}

async fn measured() -> Vec<Cost> {
    let mut all = requests::measured().await;
    all.extend(work::measured().await);
    all
}

#[tokio::test]
async fn everything_costs_what_its_budget_says() {
    let (budget, measured) = (budget(), measured().await);
    let of = |step: &str, costs: &[Cost]| costs.iter().find(|cost| cost.step == step).cloned();
    let mut wrong = Vec::new();
    for cost in &measured {
        match of(&cost.step, &budget) {
            Some(planned) if planned == *cost => {}
            planned => wrong.push(format!("{cost:?}\n  in the budget: {planned:?}")),
        }
    }
    wrong.extend(
        budget
            .iter()
            .filter(|planned| of(&planned.step, &measured).is_none())
            .map(|planned| format!("{planned:?}\n  is in the budget and was not measured")),
    );
    assert!(
        wrong.is_empty(),
        "{}\n\nIf that is meant: cargo test -p house-tests --test house -- --ignored costs::write",
        wrong.join("\n")
    );
}

#[test]
fn the_page_says_what_the_budget_says() {
    let published = include_str!("../../../docs/COSTS.md");
    assert!(
        published == page::page(&budget(), &sizes::planned()),
        "docs/COSTS.md is stale: cargo test -p house-tests --test house -- --ignored costs::write"
    );
}

#[tokio::test]
#[ignore = "writes tests/costs/*.csv and docs/COSTS.md anew, for a change that is meant to cost what it costs"]
async fn write() {
    let measured = measured().await;
    let sizes = sizes::measured().await;
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/costs/budget.csv"), written(&measured)).unwrap();
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/costs/sizes.csv"), sizes::written(&sizes)).unwrap();
    let page = page::page(&measured, &sizes);
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/COSTS.md"), page).unwrap();
}
