//! docs/COSTS.md, computed from the budget.

use std::fmt::Write as _;

use super::{
    Cost,
    month::month,
    sizes::{SIZES, Sized},
};

/// List prices in us-east-1, in US dollars a million: DynamoDB on demand, SQS standard, S3 standard, HTTP API, Lambda.
pub(super) mod price {
    pub const READ: f64 = 0.125;
    pub const WRITE: f64 = 0.625;
    pub const MESSAGE_CALL: f64 = 0.40;
    pub const BODY: f64 = 5.0;
    pub const HTTP_API: f64 = 1.0;
    pub const LAMBDA: f64 = 0.20;
}

/// A message is sent, received and deleted: three requests where it travels alone, as counted here.
pub(super) const CALLS_PER_MESSAGE: f64 = 3.0;

const INTRO: &str = "\
# What it costs

This page is computed from `tests/costs/budget.csv`, which the tests hold every route and every step of a worker to. A change
that makes something dearer or cheaper fails until the file says so:

    cargo test -p house-tests --test house -- --ignored costs::write

The figures are of a warm instance (it has met the credential and the installation within the last minute) and of the
documents' own sample requests. Units are DynamoDB's; *in a row* counts store calls of which each waits for the one before;
*messages* go through SQS, *bodies* to and from S3, *outgoing* calls to n8n and other sites.

Dollars are for **a million** of the step at list prices of us-east-1, on demand, without free tiers: DynamoDB 0.125 a million
read units and 0.625 a million write units, SQS 0.40 a million requests (a message makes three: sent, received, deleted; those
that travel in tens make fewer), S3 5.00 a million writes (reads cost 0.40 and are counted as writes here), HTTP API 1.00 and
Lambda 0.20 a million requests. Not in it: Lambda's time (25 ms at 256 MB add 0.08 on arm64), KMS (3.00 a
million calls; a data key seals for an hour, and opens for five minutes), storage, traffic, logs (0.50 a GB: some 0.40 a million requests).

";

pub(super) fn page(costs: &[Cost], sized: &[Sized]) -> String {
    let mut text = INTRO.to_owned();
    let (work, requests): (Vec<_>, Vec<_>) = costs.iter().partition(|cost| cost.step.contains(": "));
    text.push_str("## Requests\n\n");
    table(&mut text, &requests, price::HTTP_API + price::LAMBDA);
    text.push_str("\n## Work\n\nA step of a worker, or a tick. A message that starts it is in the row of what sent it.\n\n");
    table(&mut text, &work, price::LAMBDA);
    sizes(&mut text, sized);
    month(&mut text, costs);
    text
}

/// A row a step, a column a size.
fn sizes(text: &mut String, sized: &[Sized]) {
    text.push_str(
        "\n## By size\n\nThe same steps with bodies of so many kilobytes: read units · write units, and what goes to and from S3. From \
         `tests/costs/sizes.csv`.\n\n",
    );
    let names: Vec<String> = SIZES.iter().map(|(_, name)| format!("{name} KB")).collect();
    writeln!(text, "| Step | {} |\n| --- | --- | --- | --- | --- |", names.join(" | ")).unwrap();
    let mut steps: Vec<&str> = sized.iter().map(|cost| cost.step.as_str()).collect();
    steps.dedup();
    for step in steps {
        let cell = |size: &str| match sized.iter().find(|cost| cost.step == step && cost.size == size) {
            Some(Sized { read_units, write_units, bodies: 0, .. }) => format!("{read_units} · {write_units}"),
            Some(Sized { read_units, write_units, bodies, .. }) => {
                format!("{read_units} · {write_units}, {bodies} S3")
            }
            None => "–".into(),
        };
        let cells: Vec<String> = SIZES.iter().map(|(_, name)| cell(name)).collect();
        writeln!(text, "| {step} | {} |", cells.join(" | ")).unwrap();
    }
}

fn table(text: &mut String, costs: &[&Cost], call: f64) {
    text.push_str(
        "| Step | Read units | Write units | In a row | Messages | Bodies | Outgoing | $ a million |\n",
    );
    text.push_str("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for cost in costs {
        let Cost { step, read_units, write_units, round_trips, messages, bodies, outgoing } = cost;
        let dollars = call + dollars(cost);
        writeln!(
            text,
            "| {step} | {read_units} | {write_units} | {round_trips} | {messages} | {bodies} | {outgoing} | {dollars:.2} |"
        )
        .unwrap();
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one step are small")]
fn dollars(cost: &Cost) -> f64 {
    cost.read_units * price::READ
        + cost.write_units * price::WRITE
        + cost.messages as f64 * CALLS_PER_MESSAGE * price::MESSAGE_CALL
        + cost.bodies as f64 * price::BODY
}
