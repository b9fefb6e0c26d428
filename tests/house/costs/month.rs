//! A month of a stated mix, and of a stack that nobody uses.
//!
//! Its one rule: every figure is a count of the budget or of the template times a list price that stands here.

use std::fmt::Write as _;

use super::{
    Cost,
    page::{CALLS_PER_MESSAGE, price},
};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// What a tenant does a day: steps of the budget.
const DAY: [(&str, f64); 12] = [
    ("record_token_usage", 400.0),
    ("create_payload with an Idempotency-Key", 250.0),
    ("list_payloads", 75.0),
    ("get_payload", 75.0),
    ("create_lead", 50.0),
    ("create_media", 50.0),
    ("chore: ask the provider of a video", 50.0),
    ("approve", 50.0),
    ("push_execution", 30.0),
    ("trigger_webhook", 20.0),
    ("poll: the run goes on", 20.0),
    ("poll: the run has ended", 20.0),
];
const DAYS: f64 = 30.0;
/// Values that are sealed a day: each review has a URL of its own.
const SEALS: f64 = 350.0;
/// Seals and openings that call KMS, where an instance serves 10,000 tenants.
const KMS_CALLS: f64 = 0.09;

const KMS: f64 = 3.0;
const GB_SECOND: f64 = 13.333_4;
/// 25 ms at 256 MB.
const GB_SECONDS: f64 = 0.025 * 0.25;
/// A GB of logs, and what a request or a step of a worker writes of it.
const LOG_GB: f64 = 0.50;
const LOG_KB: f64 = 0.8;
const ALARM: f64 = 0.10;
/// The schedule's invocations, a million.
const SCHEDULE: f64 = 1.0;
/// Requests with which Lambda looks into an idle queue: five at once, each waiting for twenty seconds.
const POLLS: f64 = 5.0 * 3.0 * 60.0 * 24.0 * DAYS;

/// What a million tenants would use a month, by kind, so that a tenant's is a millionth.
#[derive(Default)]
struct Used {
    requests: f64,
    steps: f64,
    reads: f64,
    writes: f64,
    messages: f64,
    bodies: f64,
    kms: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of one step are small")]
fn used(costs: &[Cost]) -> Used {
    let mut used = Used { kms: SEALS * KMS_CALLS * DAYS, ..Used::default() };
    for (step, times) in DAY {
        let cost = costs.iter().find(|cost| cost.step == step);
        let cost = cost.unwrap_or_else(|| panic!("{step} is not in the budget"));
        let times = times * DAYS;
        used.steps += times;
        used.requests += if step.contains(": ") { 0.0 } else { times };
        used.reads += times * cost.read_units;
        used.writes += times * cost.write_units;
        used.messages += times * cost.messages as f64 * CALLS_PER_MESSAGE;
        used.bodies += times * cost.bodies as f64;
    }
    used
}

/// The rows of the bill: what of, how much of it a tenant uses, and what a million of it costs.
fn bill(used: &Used) -> [(&'static str, f64, f64); 9] {
    [
        ("DynamoDB, write units", used.writes, price::WRITE),
        ("DynamoDB, read units", used.reads, price::READ),
        ("API requests", used.requests, price::HTTP_API),
        ("Lambda, calls", used.steps, price::LAMBDA),
        ("Lambda, GB-seconds", used.steps * GB_SECONDS, GB_SECOND),
        ("SQS, requests", used.messages, price::MESSAGE_CALL),
        ("S3, writes", used.bodies, price::BODY),
        ("KMS, calls", used.kms, KMS),
        ("logs, KB", used.steps * LOG_KB, LOG_GB),
    ]
}

pub(super) fn month(text: &mut String, costs: &[Cost]) {
    text.push_str("\n## A month\n\nA tenant makes a thousand requests a day, and its executions and media items some work besides: ");
    let mix: Vec<String> = DAY.iter().map(|(step, times)| format!("{times} × {step}")).collect();
    writeln!(
        text,
        "{}. {SEALS} values are sealed a day, of which {KMS_CALLS} call KMS. Logs are {LOG_KB} KB a request or step. Storage, traffic and \
         what stands below of an idle stack are not in it.\n",
        mix.join(", ")
    )
    .unwrap();
    text.push_str("| | a tenant | $, 10 tenants | 1,000 | 10,000 |\n| --- | --- | --- | --- | --- |\n");
    let rows = bill(&used(costs));
    for (what, amount, million) in rows {
        let dollars = amount * million / 1e6;
        writeln!(
            text,
            "| {what} | {amount:.0} | {:.2} | {:.0} | {:.0} |",
            dollars * 10.0,
            dollars * 1e3,
            dollars * 1e4
        )
        .unwrap();
    }
    let all: f64 = rows.iter().map(|(_, amount, million)| amount * million / 1e6).sum();
    writeln!(text, "| **all** | | **{:.2}** | **{:.0}** | **{:.0}** |", all * 10.0, all * 1e3, all * 1e4)
        .unwrap();
    idle(text, costs);
}

/// A stack that nobody uses.
fn idle(text: &mut String, costs: &[Cost]) {
    let reads = |step: &str| {
        costs.iter().find(|cost| cost.step.starts_with(step)).map_or(0.0, |cost| cost.read_units)
    };
    let ticks = DAYS * 24.0 * 60.0;
    let units = reads("tick: nothing") * ticks + reads("sweep: nothing") * ticks / 5.0;
    let calls = ticks * 1.2;
    let clockwork = (units * price::READ + calls * (price::LAMBDA + GB_SECONDS * GB_SECOND + SCHEDULE)) / 1e6;
    let count = |kind: &str| TEMPLATE.lines().filter(|line| line.trim() == kind).count();
    let queues = count("Type: SQS") + count("Type: AWS::Lambda::EventSourceMapping");
    let alarms = count("Type: AWS::CloudWatch::Alarm");
    #[expect(clippy::cast_precision_loss, reason = "a template has few resources")]
    let (queued, alarmed) = (queues as f64 * POLLS * price::MESSAGE_CALL / 1e6, alarms as f64 * ALARM);
    writeln!(
        text,
        "\nWhere nothing happens, a month of ticks (one a minute) and sweeps (one in five) reads {units:.0} units and costs, with its \
         calls, {clockwork:.2} dollars. Beside it stand {queues} queues that Lambda looks into ({queued:.2} dollars; the first million \
         requests of an account are free), {alarms} alarms ({alarmed:.2} dollars; the first ten are free) and the key (1.00 dollar)."
    )
    .unwrap();
}
