//! What a push holds, as records.

use super::{Call, price};
use crate::{
    clock::Millis,
    domain::{
        installation::Installation,
        money::Money,
        run::Snapshot,
        settlement::UNKNOWN_MODEL,
        usage::{MAX_MODEL_CHARS, MAX_TOKENS, Source, Usage},
    },
    error::Result,
    ids::Ids,
    n8n::usage::FoundUsage,
    pricing::{self, Rates, Tokens},
};

/// Records of one push at the most: the rest is summed up in the last one of its model, so that the transaction that
/// stores them stays within its 100 writes.
const MAX_RECORDS: usize = 24;

/// The records of a pushed execution: one per node and model, or one per model when there are too many.
pub fn records(
    found: &[FoundUsage],
    snapshot: &Snapshot,
    workflow_id: &str,
    installation: &Installation,
    money: &Money,
    ids: &dyn Ids,
    now: Millis,
) -> Result<Vec<Usage>> {
    let at = snapshot.stopped_at.or(snapshot.started_at).unwrap_or(now);
    let mut groups = grouped(found, at, |usage| (model_of(usage), Some(usage.node.clone())));
    if groups.len() > MAX_RECORDS {
        groups = grouped(found, at, |usage| (model_of(usage), None));
    }
    if groups.len() > MAX_RECORDS {
        groups = grouped(found, at, |_| (UNKNOWN_MODEL.to_owned(), None));
    }
    groups
        .into_iter()
        .map(|group| {
            let priced = price(money, &group.call, at)?;
            let tokens = group.call.tokens;
            Ok(Usage {
                id: ids.id(now),
                workflow_id: workflow_id.to_owned(),
                execution_id: snapshot.execution_id.clone(),
                installation_id: Some(installation.id),
                group_id: Some(installation.group_id),
                node_id: group.node.map(|node| node.chars().take(200).collect()),
                model_id: group.call.model,
                input_tokens: tokens.input,
                output_tokens: tokens.output,
                cached_input_tokens: tokens.cached_input,
                cache_write_tokens: tokens.cache_write,
                cache_write_1h_tokens: tokens.cache_write_1h,
                longest_input_tokens: Some(group.call.longest).filter(|longest| *longest != tokens.input),
                input_pico: priced.input_pico,
                output_pico: priced.output_pico,
                model_found: priced.found,
                model_label: priced.label,
                price_version: priced.version,
                source: Source::Pushed,
                estimated: group.estimated,
                late: false,
                outdone: false,
                recorded_at: now,
                called_at: Some(at).filter(|at| *at != now),
            })
        })
        .collect()
}

struct Group {
    node: Option<String>,
    /// What tells calls with a long context from others.
    rates: Option<Rates>,
    call: Call,
    estimated: bool,
}

fn grouped(
    found: &[FoundUsage],
    at: Millis,
    key: impl Fn(&FoundUsage) -> (String, Option<String>),
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for usage in found {
        let (model, node) = key(usage);
        let rates = pricing::find(&model, at.0).map(|found| found.rates_for(usage.tokens.input));
        let same = |group: &Group| group.call.model == model && group.node == node && group.rates == rates;
        let at = groups.iter().position(same);
        let at = at.unwrap_or_else(|| {
            let call = Call { model, tokens: Tokens::default(), longest: 0 };
            groups.push(Group { node, rates, call, estimated: false });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.call.longest = group.call.longest.max(usage.tokens.input.min(MAX_TOKENS));
            group.call.tokens = group.call.tokens.plus(&usage.tokens.at_most(MAX_TOKENS)).at_most(MAX_TOKENS);
            group.estimated |= usage.estimated;
        }
    }
    groups
}

fn model_of(usage: &FoundUsage) -> String {
    let model =
        usage.model.as_deref().map(str::trim).filter(|model| !model.is_empty()).unwrap_or(UNKNOWN_MODEL);
    model.chars().take(MAX_MODEL_CHARS).collect()
}
