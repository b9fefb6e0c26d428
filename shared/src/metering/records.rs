//! What a push holds, as records.

use std::collections::HashMap;

use super::{Call, price};
use crate::{
    clock::Millis,
    domain::{
        followed_run::Snapshot,
        installation::Installation,
        money::Money,
        settlement::UNKNOWN_MODEL,
        usage::{MAX_MODEL_CHARS, MAX_TOKENS, Source, Usage},
    },
    error::Result,
    ids::{EntityId, Ids, UsageId},
    n8n::usage::FoundUsage,
    pricing::{self, Priced, Rates, Tokens},
};

/// Records of one push at the most; of more, all are summed up by model. They are stored some eighty at a time, and each
/// time those that stand are read, which has to end before API Gateway gives up.
pub const MAX_RECORDS: usize = 500;

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
    let mut groups = grouped(found, at, |usage| (model_of(usage), Some(&*usage.node)));
    if groups.len() > MAX_RECORDS {
        groups = grouped(found, at, |usage| (model_of(usage), None));
    }
    if groups.len() > MAX_RECORDS {
        groups = grouped(found, at, |_| (UNKNOWN_MODEL, None));
    }
    let of_push = u64::try_from(groups.len()).ok().filter(|records| *records > 1);
    groups
        .into_iter()
        .map(|group| {
            let priced = price(money, &group.call, at)?;
            let tokens = group.call.tokens;
            Ok(Usage {
                id: UsageId::of(ids.id(now)),
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
                started_at: snapshot.started_at,
                of_push,
                outdone: false,
                recorded_at: now,
                called_at: Some(at).filter(|at| *at != now),
                // Whoever stores it knows for how long.
                ttl: None,
            })
        })
        .collect()
}

/// Calls of one model, and of one price: a long context costs more.
struct Group {
    node: Option<String>,
    call: Call,
    estimated: bool,
}

/// The model and the node that calls are told apart by.
type Name<'f> = (&'f str, Option<&'f str>);

fn grouped<'f>(found: &'f [FoundUsage], at: Millis, name: impl Fn(&'f FoundUsage) -> Name<'f>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<(Name<'f>, Option<Rates>), usize> = HashMap::new();
    let mut prices: HashMap<&'f str, Option<Priced>> = HashMap::new();
    for usage in found {
        let (model, node) = name(usage);
        let priced = prices.entry(model).or_insert_with(|| pricing::find(model, at.0));
        let rates = priced.as_ref().map(|priced| priced.rates_for(usage.tokens.input));
        let place = *places.entry(((model, node), rates)).or_insert_with(|| {
            let call = Call { model: model.to_owned(), tokens: Tokens::default(), longest: 0 };
            groups.push(Group { node: node.map(str::to_owned), call, estimated: false });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(place) {
            group.call.longest = group.call.longest.max(usage.tokens.input.min(MAX_TOKENS));
            group.call.tokens = group.call.tokens.plus(&usage.tokens.at_most(MAX_TOKENS)).at_most(MAX_TOKENS);
            group.estimated |= usage.estimated;
        }
    }
    groups
}

fn model_of(usage: &FoundUsage) -> &str {
    let model =
        usage.model.as_deref().map(str::trim).filter(|model| !model.is_empty()).unwrap_or(UNKNOWN_MODEL);
    model.char_indices().nth(MAX_MODEL_CHARS).and_then(|(end, _)| model.get(..end)).unwrap_or(model)
}
