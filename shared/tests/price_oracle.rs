//! Holds the compiled table against the crate the data comes from: same model, same price, for every id the data knows.

#![expect(clippy::unwrap_used, reason = "the helpers here read data that the build has already checked")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use genai_prices::{Calculator, PriceRequest, Usage};
use serde_json::Value;
use shared::pricing::{self, Cost, Priced, Tokens};

/// Before and after most of the price history, inside and outside the daily windows.
const MOMENTS_MS: [i64; 4] = [
    1_741_000_000_000, // 2025-03-03T11:06:40Z
    1_749_427_200_000, // 2025-06-09T00:00:00Z
    1_791_763_200_000, // 2026-10-12T00:00:00Z
    1_795_312_800_123, // 2026-11-22T02:00:00.123Z
];

/// A short call, and one beyond every tier but the highest.
const CALLS: [Tokens; 2] = [
    Tokens { input: 1_000, output: 500, cached_input: None, cache_write: None, cache_write_1h: None },
    Tokens {
        input: 300_000,
        output: 7_001,
        cached_input: Some(90_000),
        cache_write: Some(11_111),
        cache_write_1h: Some(4_321),
    },
];

#[expect(clippy::disallowed_methods, reason = "the vendored file is the repository's own")]
fn data() -> Value {
    serde_json::from_str(include_str!("../data/prices/prices.json")).unwrap()
}

fn usage(tokens: &Tokens) -> Usage {
    let mut usage =
        Usage::from([("input_tokens", tokens.input as f64), ("output_tokens", tokens.output as f64)]);
    for (key, count) in [
        ("cache_read_tokens", tokens.cached_input),
        ("cache_write_tokens", tokens.cache_write),
        ("cache_write_1h_tokens", tokens.cache_write_1h),
    ] {
        if let Some(count) = count {
            usage.insert(key, count as f64);
        }
    }
    usage
}

/// Every literal of a rule, as an id someone could send, and some neighbours of it.
fn literals(rule: &Value, into: &mut BTreeSet<String>) {
    for (operation, argument) in rule.as_object().unwrap() {
        match argument {
            Value::Array(rules) => rules.iter().for_each(|rule| literals(rule, into)),
            Value::String(text) if operation != "regex" => {
                into.insert(text.clone());
                into.insert(format!("{text}-20251211"));
                into.insert(format!("{text}-2025-12-11"));
                into.insert(format!("{text}-tts"));
                into.insert(format!("us.{text}"));
                into.insert(text.to_uppercase());
            }
            Value::String(text) => {
                let plain = text.trim_start_matches('^').trim_end_matches('$').replace("\\d{8}", "20251211");
                let plain = plain.replace("\\d{4}-\\d{2}-\\d{2}", "2025-12-11").replace("\\d", "7");
                into.insert(plain.replace("[-@]", "@").replace('\\', ""));
            }
            _ => unreachable!(),
        }
    }
}

/// The ids of every provider.
fn ids(data: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let providers = data["providers"].as_array().unwrap().iter().map(|provider| {
        let mut ids = BTreeSet::new();
        for model in provider["models"].as_array().unwrap() {
            ids.insert(model["id"].as_str().unwrap().to_owned());
            literals(&model["match"], &mut ids);
        }
        (provider["id"].as_str().unwrap().to_owned(), ids)
    });
    providers.collect()
}

/// Models that have a moment without a token price.
fn unpriced(data: &Value) -> BTreeSet<(String, String)> {
    let providers = data["providers"].as_array().unwrap();
    let all = providers.iter().flat_map(|p| p["models"].as_array().unwrap().iter().map(move |m| (p, m)));
    let null = all.filter(|(_, m)| m["prices"].as_array().unwrap().iter().any(|row| row["prices"].is_null()));
    null.map(|(p, m)| (p["id"].as_str().unwrap().to_owned(), m["id"].as_str().unwrap().to_owned())).collect()
}

fn agree(ours: &Priced, tokens: &Tokens, theirs: &genai_prices::PriceCalculation) -> Result<(), String> {
    if ours.model != theirs.model_id {
        return Err(format!("model {} is not {}", ours.model, theirs.model_id));
    }
    let cost = ours.cost(tokens).unwrap();
    // Half a pico-dollar for every token whose rate had to be rounded, and the noise of doubles.
    let slack = 0.5e-12 * (tokens.input + tokens.output) as f64;
    for (what, pico, dollars) in
        [("input", cost.input_pico, theirs.input_price), ("output", cost.output_pico, theirs.output_price)]
    {
        if (pico as f64 / 1e12 - dollars).abs() > slack {
            return Err(format!("{what} {pico} is not {dollars}"));
        }
    }
    Ok(())
}

#[test]
fn every_id_of_a_provider_costs_what_the_source_says() {
    let data = data();
    let unpriced = unpriced(&data);
    let calculator = Calculator::bundled();
    let calls = CALLS.map(|tokens| (tokens, usage(&tokens)));
    let (mut compared, mut missing, mut wrong) = (0, 0, Vec::new());
    for (provider, ids) in ids(&data) {
        for id in &ids {
            for at_ms in MOMENTS_MS {
                let at = UNIX_EPOCH + Duration::from_millis(at_ms.unsigned_abs());
                let ours = pricing::find_at(&provider, id, at_ms);
                for (tokens, usage) in &calls {
                    let request = PriceRequest::new(id, usage).with_provider_id(&provider).with_timestamp(at);
                    let outcome = match (calculator.calculate(&request), &ours) {
                        (Ok(theirs), Some(ours)) => agree(ours, tokens, &theirs),
                        (Ok(theirs), None) => {
                            let known = unpriced.contains(&(provider.clone(), theirs.model_id.clone()));
                            known.then_some(()).ok_or_else(|| format!("we miss {}", theirs.model_id))
                        }
                        (Err(_), None) => {
                            missing += 1;
                            continue;
                        }
                        (Err(error), Some(ours)) => Err(format!("we found {}, but {error}", ours.model)),
                    };
                    compared += 1;
                    wrong.extend(outcome.err().map(|why| format!("{provider} {id} at {at_ms}: {why}")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 30_000, "only {compared} compared, {missing} unknown to both");
}

#[test]
fn an_id_without_provider_means_the_model_the_source_picks() {
    let data = data();
    let calculator = Calculator::bundled();
    let [(tokens, usage), _] = CALLS.map(|tokens| (tokens, usage(&tokens)));
    let all: BTreeSet<String> = ids(&data).into_values().flatten().collect();
    let at_ms = MOMENTS_MS[3];
    let at = UNIX_EPOCH + Duration::from_millis(at_ms.unsigned_abs());
    let (mut compared, mut wrong) = (0, Vec::new());
    // Behind a slash the source ignores the provider in front of it, and this table does not.
    for id in all.iter().filter(|id| !id.contains('/')) {
        let Ok(theirs) = calculator.calculate(&PriceRequest::new(id, &usage).with_timestamp(at)) else {
            continue;
        };
        compared += 1;
        let outcome = match pricing::find(id, at_ms) {
            // The source takes some for the paid models that they are named after.
            Some(ours) if id.to_lowercase().ends_with(":free") => match ours.cost(&tokens) {
                Ok(Cost { total_pico: 0, .. }) => Ok(()),
                cost => Err(format!("{cost:?} is not free")),
            },
            Some(ours) => agree(&ours, &tokens, &theirs),
            None if theirs.input_price + theirs.output_price == 0.0 => Ok(()),
            None => Err(format!("we miss {}", theirs.model_id)),
        };
        wrong.extend(outcome.err().map(|why| format!("{id}: {why}")));
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 1_000, "only {compared} compared");
}

#[test]
fn every_model_id_with_its_provider_in_front_is_found() {
    let data = data();
    let unpriced = unpriced(&data);
    let mut wrong = Vec::new();
    for provider in data["providers"].as_array().unwrap() {
        let name = provider["id"].as_str().unwrap();
        for model in provider["models"].as_array().unwrap() {
            let id = model["id"].as_str().unwrap();
            let Some(direct) = pricing::find_at(name, id, MOMENTS_MS[3]) else { continue };
            let found = pricing::find(&format!("{name}/{id}"), MOMENTS_MS[3]);
            let same = found
                .as_ref()
                .is_some_and(|found| (found.provider, &found.model) == (direct.provider, &direct.model));
            if !same && !unpriced.contains(&(name.to_owned(), id.to_owned())) {
                wrong.push(format!("{name}/{id}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
