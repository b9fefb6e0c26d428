//! Pricing of model calls, for what workflows post and for what pushes hold.

use std::collections::HashMap;

use crate::{
    clock::Millis,
    domain::{
        run::Snapshot,
        usage::{MAX_MODEL_CHARS, MAX_TOKENS, Source, Usage},
    },
    error::{Error, Result},
    ids::{Id, Ids},
    n8n::usage::FoundUsage,
    pricing::{self, Tokens},
};

/// One model call, or several of one model together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub model: String,
    pub input: u64,
    pub output: u64,
    /// Part of `input`.
    pub cached: Option<u64>,
}

/// What it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    pub input_pico: i64,
    pub output_pico: i64,
    pub found: bool,
    pub label: String,
}

/// Prices a call as of `at`. An unknown model costs nothing until its price is known.
pub fn price(call: &Call, at: Millis) -> Result<Priced> {
    let Some(priced) = pricing::find(&call.model, at.0) else {
        return Ok(Priced { input_pico: 0, output_pico: 0, found: false, label: call.model.clone() });
    };
    let tokens =
        Tokens { input: call.input, output: call.output, cached_input: call.cached, cache_write: None };
    let cost = priced.cost(&tokens).map_err(|error| Error::invalid("input_tokens", error.to_string()))?;
    Ok(Priced {
        input_pico: cost.input_pico,
        output_pico: cost.output_pico,
        found: true,
        label: priced.label.into_owned(),
    })
}

/// Records of one push at the most: the rest is summed up in the last one of its model, so that the transaction that
/// stores them stays within its 100 writes.
const MAX_RECORDS: usize = 24;
/// Model calls whose model n8n did not keep.
const UNKNOWN_MODEL: &str = "unknown";

/// The records of a pushed execution: one per node and model, or one per model when there are too many.
pub fn records(
    found: &[FoundUsage],
    snapshot: &Snapshot,
    workflow_id: &str,
    installation: Id,
    ids: &dyn Ids,
    now: Millis,
) -> Result<Vec<Usage>> {
    let mut groups = grouped(found, |usage| (model_of(usage), Some(&*usage.node)));
    if groups.len() > MAX_RECORDS {
        groups = grouped(found, |usage| (model_of(usage), None));
    }
    if groups.len() > MAX_RECORDS {
        groups = grouped(found, |_| (UNKNOWN_MODEL, None));
    }
    let at = snapshot.stopped_at.or(snapshot.started_at).unwrap_or(now);
    groups
        .into_iter()
        .map(|group| {
            let priced = price(&group.call, at)?;
            Ok(Usage {
                id: ids.id(now),
                workflow_id: workflow_id.to_owned(),
                execution_id: snapshot.execution_id.clone(),
                installation_id: Some(installation),
                node_id: group.node.map(|node| node.chars().take(200).collect()),
                model_id: group.call.model,
                input_tokens: group.call.input,
                output_tokens: group.call.output,
                cached_input_tokens: group.call.cached,
                input_pico: priced.input_pico,
                output_pico: priced.output_pico,
                model_found: priced.found,
                model_label: priced.label,
                price_version: pricing::PRICE_VERSION.into(),
                source: Source::Pushed,
                estimated: group.estimated,
                recorded_at: now,
            })
        })
        .collect()
}

struct Group {
    node: Option<String>,
    call: Call,
    estimated: bool,
}

type Name<'f> = (&'f str, Option<&'f str>);

fn grouped<'f>(found: &'f [FoundUsage], name: impl Fn(&'f FoundUsage) -> Name<'f>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<Name<'f>, usize> = HashMap::new();
    for usage in found {
        let (model, node) = name(usage);
        let at = *places.entry((model, node)).or_insert_with(|| {
            let call = Call { model: model.to_owned(), input: 0, output: 0, cached: None };
            groups.push(Group { node: node.map(str::to_owned), call, estimated: false });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            let call = &mut group.call;
            call.input = (call.input + usage.input_tokens.min(MAX_TOKENS)).min(MAX_TOKENS);
            call.output = (call.output + usage.output_tokens.min(MAX_TOKENS)).min(MAX_TOKENS);
            // A provider that said nothing of its cache is not one that said zero.
            if let Some(cached) = usage.cached_input {
                call.cached = Some((call.cached.unwrap_or(0) + cached).min(call.input));
            }
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
