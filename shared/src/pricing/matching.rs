//! Which model of the table an id means. The data's rule holds inside a provider: its models in order, the first whose
//! rule accepts the id. This room adds the order of providers when the id names none.

use std::borrow::Cow;

use super::table::{
    EXACT, Exact, LOOSE, MODELS, NO_RULE, PROVIDERS, Provider, RANKS, RULES, Rule, STEPS, Step, VENDORS,
};

/// The vendors whose models carry their name and a dot on Bedrock: `anthropic.claude-…`, also after a region
/// (`us.anthropic.claude-…`).
const ON_BEDROCK: [&str; 13] = [
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "meta",
    "minimax",
    "mistral",
    "nvidia",
    "openai",
    "qwen",
    "writer",
];

/// How strictly a rule is read.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    /// As the data means it, for a provider that is known.
    Known,
    /// Without `contains`, for a provider that is guessed: those rules take any id with the right word in it.
    Guessed,
}

/// Lowercases an id; borrows the usual one, which already is.
pub(super) fn folded(id: &str) -> Cow<'_, str> {
    if id.bytes().any(|byte| !byte.is_ascii() || byte.is_ascii_uppercase()) {
        Cow::Owned(id.to_lowercase())
    } else {
        Cow::Borrowed(id)
    }
}

/// The model that a lowercased id means, with no provider given.
pub(super) fn locate(id: &str) -> Option<u16> {
    // Google writes ids as paths: `models/x`, `publishers/google/models/x`, `projects/…/models/x`.
    let path = ["models/", "publishers/", "projects/"].iter().any(|root| id.starts_with(root));
    let id = if path { id.rsplit_once("models/").map_or(id, |(_, name)| name) } else { id };
    by_prefix(id).or_else(|| by_claim(id)).or_else(|| by_name(id))
}

/// The model that a lowercased id means at one provider, or at those it resells.
pub(super) fn locate_at(provider: u8, id: &str) -> Option<u16> {
    direct_or_fallback(provider, id)
        .or_else(|| with_dashed_dates(id).and_then(|dashed| direct_or_fallback(provider, &dashed)))
}

/// The provider a lowercased name stands for.
pub(super) fn provider_named(name: &str) -> Option<u8> {
    let by_id = providers().find(|(_, provider)| provider.id.get() == name);
    let found =
        by_id.or_else(|| providers().find(|(_, provider)| accepts(provider.names, name, Reading::Known)));
    found.map(|(index, _)| index)
}

fn providers() -> impl Iterator<Item = (u8, &'static Provider)> {
    (0..).zip(&PROVIDERS)
}

/// `openai/gpt-4o`, and Bedrock's dotted names.
fn by_prefix(id: &str) -> Option<u16> {
    let slashed = id.split_once('/').and_then(|(name, rest)| locate_at(provider_named(name)?, rest));
    slashed.or_else(|| {
        let (first, rest) = id.split_once('.')?;
        let second = rest.split_once('.').map(|(second, _)| second);
        let vendor = [Some(first), second].into_iter().flatten().any(|part| ON_BEDROCK.contains(&part));
        vendor.then(|| locate_at(provider_named("aws")?, id)).flatten()
    })
}

/// The provider whose family the name belongs to: `claude-…` is Anthropic's whoever was asked.
fn by_claim(id: &str) -> Option<u16> {
    let claimants = providers().filter(|(_, provider)| accepts(provider.claims, id, Reading::Known));
    claimants.map(|(index, _)| index).find_map(|provider| locate_at(provider, id))
}

/// Whoever sells a model of exactly this name, in the order of `RANKS`; a vendor's own patterns go before resellers.
fn by_name(id: &str) -> Option<u16> {
    let owner = |model: &u16| MODELS.get(usize::from(*model)).and_then(|model| rank(model.provider));
    let named = exact(id).iter().map(|row| row.model).min_by_key(owner);
    if named.as_ref().and_then(owner).is_some_and(|rank| rank < VENDORS) {
        return named;
    }
    let vendors = providers().filter_map(|(index, provider)| Some((rank(index)?, provider)));
    let patterned = vendors
        .filter(|(rank, _)| *rank < VENDORS)
        .filter_map(|(rank, provider)| Some((rank, first_loose(provider, id, Reading::Guessed)?)));
    patterned.min().map(|(_, model)| model).or(named)
}

/// The place of a provider in the order of asking.
fn rank(provider: u8) -> Option<u8> {
    RANKS.get(usize::from(provider)).copied()
}

fn direct_or_fallback(provider: u8, id: &str) -> Option<u16> {
    let provider = PROVIDERS.get(usize::from(provider))?;
    direct(provider, id).or_else(|| {
        let mut fallbacks = provider.fallbacks.iter().filter_map(|index| PROVIDERS.get(usize::from(*index)));
        fallbacks.find_map(|fallback| direct(fallback, id))
    })
}

/// The first model in the data's order that accepts the id, be it by name or by rule.
fn direct(provider: &Provider, id: &str) -> Option<u16> {
    let named = exact(id).iter().map(|row| row.model).find(|model| provider.models.contains(*model));
    match first_loose(provider, id, Reading::Known) {
        Some(ruled) => Some(named.map_or(ruled, |named| named.min(ruled))),
        None => named,
    }
}

fn first_loose(provider: &Provider, id: &str, reading: Reading) -> Option<u16> {
    let mut candidates = provider.loose.of(&LOOSE).iter().copied();
    candidates
        .find(|model| MODELS.get(usize::from(*model)).is_some_and(|model| accepts(model.rule, id, reading)))
}

fn exact(id: &str) -> &'static [Exact] {
    let from = EXACT.partition_point(|row| row.key.get() < id);
    let rows = EXACT.get(from..).unwrap_or_default();
    let len = rows.iter().take_while(|row| row.key.get() == id).count();
    rows.get(..len).unwrap_or_default()
}

fn accepts(rule: u16, id: &str, reading: Reading) -> bool {
    rule != NO_RULE && RULES.get(usize::from(rule)).is_some_and(|rule| holds(*rule, id, reading))
}

fn holds(rule: Rule, id: &str, reading: Reading) -> bool {
    match rule {
        Rule::All(span) => span.of(&RULES).iter().all(|rule| holds(*rule, id, reading)),
        Rule::Any(span) => span.of(&RULES).iter().any(|rule| holds(*rule, id, reading)),
        // What is ruled out stays ruled out, however strictly the rest is read.
        Rule::Not(rule) => !accepts(rule, id, Reading::Known),
        Rule::Contains(text) => reading == Reading::Known && id.contains(text.get()),
        Rule::EndsWith(text) => id.ends_with(text.get()),
        Rule::Equals(text) => id == text.get(),
        Rule::StartsWith(text) => id.starts_with(text.get()),
        Rule::Shape(steps, to_end) => {
            let rest = steps.of(&STEPS).iter().try_fold(id, |rest, step| step_over(*step, rest));
            rest.is_some_and(|rest| !to_end || rest.is_empty())
        }
    }
}

fn step_over(step: Step, rest: &str) -> Option<&str> {
    match step {
        Step::Literal(text) => rest.strip_prefix(text.get()),
        Step::Digits(count) => {
            let (digits, after) = rest.split_at_checked(usize::from(count))?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(after)
        }
        Step::OneOf(set) => rest.strip_prefix(|c| set.get().contains(c)),
    }
}

/// `gpt-5.2-20251211` as `gpt-5.2-2025-12-11`: proxies write dates without dashes. `None` when there is no such date.
fn with_dashed_dates(id: &str) -> Option<String> {
    let compact = |part: &str| {
        let date = part
            .get(..8)
            .filter(|date| date.starts_with("20") && date.bytes().all(|b| b.is_ascii_digit()))?;
        let rest = part.get(8..).filter(|rest| rest.is_empty() || rest.starts_with(':'))?;
        let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
        let real = ("01"..="12").contains(&month) && ("01"..="31").contains(&day);
        real.then(|| format!("{year}-{month}-{day}{rest}"))
    };
    let mut parts = id.split('-');
    let mut dashed = parts.next()?.to_owned();
    let mut changed = false;
    for part in parts {
        let replaced = compact(part);
        changed |= replaced.is_some();
        dashed.push('-');
        dashed.push_str(replaced.as_deref().unwrap_or(part));
    }
    changed.then_some(dashed)
}
