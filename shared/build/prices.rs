//! Lays the price data out as static tables: see `src/pricing/table.rs` for what the rows mean.
//!
//! Every text lives in one string and every reference is an index, so the tables hold no pointers and the loader of a
//! function has nothing to relocate at start.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::rules::{self, Rule, Step};

type Result<T> = std::result::Result<T, String>;

/// Who prices its own models. Asked first, in this order, when an id names no provider.
const VENDORS: [&str; 17] = [
    "openai",
    "anthropic",
    "google",
    "mistral",
    "cohere",
    "x-ai",
    "deepseek",
    "meta",
    "perplexity",
    "moonshotai",
    "zhipuai",
    "minimax",
    "voyageai",
    "arcee",
    "typesafe",
    "elevenlabs",
    "aws",
];

/// Who resells: the ones workflows call most come first, then the rest as the data lists them, then the ones whose
/// prices belong to a subscription.
const HOSTS_FIRST: [&str; 6] = ["openrouter", "groq", "together", "fireworks", "cerebras", "azure"];
const HOSTS_LAST: [&str; 3] = ["github-copilot", "cursor", "quicksilverpro"];

/// Marks "no rule" and "no rate" in the narrow integers of the tables.
const NO_RULE: u16 = u16::MAX;
const NO_RATE: u32 = u32::MAX;

/// # Errors
/// Says which part of the data has an unknown form or does not fit the tables.
pub fn compile(json: &[u8]) -> Result<String> {
    #[expect(clippy::disallowed_methods, reason = "the vendored file is the repository's own")]
    let data: Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let version = data["version"].as_str().ok_or("no version")?;
    let providers = array(&data, "providers")?;
    let ids = providers.iter().map(|provider| text(provider, "id")).collect::<Result<Vec<_>>>()?;
    let mut tables = Tables::default();
    for (index, provider) in providers.iter().enumerate() {
        tables.provider(index, provider, &ids).map_err(|error| format!("{}: {error}", ids[index]))?;
    }
    tables.exact.sort_unstable();
    tables.finish(version, &ranks(&ids)?)
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a [Value]> {
    value[key].as_array().map(Vec::as_slice).ok_or_else(|| format!("no list {key}"))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().ok_or_else(|| format!("no text {key}"))
}

fn narrow<T: TryFrom<usize>>(value: usize) -> Result<T> {
    T::try_from(value).map_err(|_| format!("{value} does not fit its column"))
}

/// The place of every provider in the order of asking, by provider index.
fn ranks(ids: &[&str]) -> Result<Vec<usize>> {
    let known = |id: &&str| VENDORS.contains(id) || HOSTS_FIRST.contains(id) || HOSTS_LAST.contains(id);
    let rest = ids.iter().copied().filter(|id| !known(id));
    let order: Vec<&str> = VENDORS.into_iter().chain(HOSTS_FIRST).chain(rest).chain(HOSTS_LAST).collect();
    if let Some(gone) = order.iter().find(|id| !ids.contains(id)) {
        return Err(format!("the data no longer knows the provider {gone}"));
    }
    Ok(ids.iter().filter_map(|id| order.iter().position(|other| other == id)).collect())
}

#[derive(Default)]
struct Tables {
    pool: String,
    pooled: HashMap<String, usize>,
    rules: Vec<String>,
    steps: Vec<String>,
    providers: Vec<String>,
    models: Vec<String>,
    /// Exact id, model index.
    exact: Vec<(String, usize)>,
    /// Models that a rule other than equality can claim, in the order of the data.
    loose: Vec<usize>,
    dated: Vec<String>,
    sets: Vec<String>,
    set_index: HashMap<String, usize>,
    tiers: Vec<String>,
}

impl Tables {
    fn text(&mut self, text: &str) -> Result<String> {
        let at = match self.pooled.get(text) {
            Some(at) => *at,
            None => {
                let at = self.pool.len();
                self.pool.push_str(text);
                self.pooled.insert(text.to_owned(), at);
                at
            }
        };
        Ok(format!("t({},{})", narrow::<u32>(at)?, narrow::<u16>(text.len())?))
    }

    fn provider(&mut self, index: usize, provider: &Value, ids: &[&str]) -> Result<()> {
        let (first_model, first_loose) = (self.models.len(), self.loose.len());
        for model in array(provider, "models")? {
            let id = text(model, "id")?;
            self.model(index, id, model).map_err(|error| format!("{id}: {error}"))?;
        }
        let claims = self.optional_rule(&provider["model_match"])?;
        let names = self.optional_rule(&provider["provider_match"])?;
        let fallbacks = provider["fallback_model_providers"].as_array().map_or(&[][..], Vec::as_slice);
        let fallbacks = fallbacks
            .iter()
            .map(|id| {
                ids.iter().position(|other| Some(*other) == id.as_str()).ok_or(format!("no fallback {id}"))
            })
            .collect::<Result<Vec<_>>>()?;
        let id = self.text(ids[index])?;
        self.providers.push(format!(
            "Provider{{id:{id},models:s({first_model},{}),loose:s({first_loose},{}),claims:{claims},names:{names},\
             fallbacks:&{fallbacks:?}}}",
            narrow::<u16>(self.models.len())?,
            narrow::<u16>(self.loose.len())?,
        ));
        Ok(())
    }

    fn optional_rule(&mut self, value: &Value) -> Result<u16> {
        if value.is_null() {
            return Ok(NO_RULE);
        }
        let rule = rules::parse(value)?;
        narrow(self.place(std::slice::from_ref(&rule))?.0)
    }

    /// Equalities go to the exact index; what else the rule says stays a rule.
    fn model(&mut self, provider: usize, id: &str, model: &Value) -> Result<()> {
        let index = self.models.len();
        let mut rest = match rules::parse(&model["match"])? {
            Rule::Any(rules) => rules,
            rule => vec![rule],
        };
        rest.retain(|rule| match rule {
            Rule::Equals(key) => {
                self.exact.push((key.clone(), index));
                false
            }
            _ => true,
        });
        let rule = if rest.is_empty() {
            NO_RULE
        } else {
            self.loose.push(index);
            narrow(self.place(&[Rule::Any(rest)])?.0)?
        };
        let first = self.dated.len();
        for row in array(model, "prices")? {
            let when = when(&row["constraint"])?;
            let set = self.price_set(&row["prices"])?;
            self.dated.push(format!("Dated{{when:{when},set:{set}}}"));
        }
        let id = self.text(id)?;
        let last = narrow::<u16>(self.dated.len())?;
        self.models.push(format!("Model{{id:{id},provider:{provider},rule:{rule},dated:s({first},{last})}}"));
        Ok(())
    }

    /// Puts sibling rules side by side, so that a parent names them by a span.
    fn place(&mut self, siblings: &[Rule]) -> Result<(usize, usize)> {
        let from = self.rules.len();
        let to = from + siblings.len();
        self.rules.resize(to, String::new());
        for (index, rule) in siblings.iter().enumerate() {
            self.rules[from + index] = match rule {
                Rule::All(rules) => format!("All{}", self.children(rules)?),
                Rule::Any(rules) => format!("Any{}", self.children(rules)?),
                Rule::Not(rule) => {
                    format!("Not({})", narrow::<u16>(self.place(std::slice::from_ref(rule))?.0)?)
                }
                Rule::Contains(key) => format!("Contains({})", self.text(key)?),
                Rule::EndsWith(key) => format!("EndsWith({})", self.text(key)?),
                Rule::Equals(key) => format!("Equals({})", self.text(key)?),
                Rule::StartsWith(key) => format!("StartsWith({})", self.text(key)?),
                Rule::Shape { steps, to_end } => {
                    let first = self.steps.len();
                    for step in steps {
                        let step = match step {
                            Step::Literal(key) => format!("Literal({})", self.text(key)?),
                            Step::Digits(count) => format!("Digits({count})"),
                            Step::OneOf(set) => format!("OneOf({})", self.text(set)?),
                        };
                        self.steps.push(format!("Step::{step}"));
                    }
                    format!("Shape(s({first},{}),{to_end})", narrow::<u16>(self.steps.len())?)
                }
            };
        }
        Ok((from, to))
    }

    fn children(&mut self, rules: &[Rule]) -> Result<String> {
        let (from, to) = self.place(rules)?;
        Ok(format!("(s({from},{}))", narrow::<u16>(to)?))
    }

    /// The index of a price set; equal sets share a row. A set that is null has no token price at all.
    fn price_set(&mut self, prices: &Value) -> Result<String> {
        if prices.is_null() {
            return Ok("None".to_owned());
        }
        let key = prices.to_string();
        if let Some(index) = self.set_index.get(&key) {
            return Ok(format!("Some({index})"));
        }
        let mut starts: Vec<u64> = Vec::new();
        for tier in prices.as_object().ok_or("prices must be an object")?.values().flat_map(tiers) {
            starts.push(tier["start"].as_u64().ok_or("a tier without a start")?);
        }
        starts.sort_unstable();
        starts.dedup();
        let first = self.tiers.len();
        for start in starts {
            let rates = rates(prices, Some(start))?;
            self.tiers.push(format!("Tier{{above:{start},rates:{rates}}}"));
        }
        let base = rates(prices, None)?;
        let index = self.sets.len();
        self.sets
            .push(format!("PriceSet{{base:{base},tiers:s({first},{})}}", narrow::<u16>(self.tiers.len())?));
        self.set_index.insert(key, narrow::<u16>(index)?.into());
        Ok(format!("Some({index})"))
    }

    fn finish(self, version: &str, ranks: &[usize]) -> Result<String> {
        let mut out = String::from("// Generated by build.rs.\n");
        let mut pool_users = self.pooled;
        let mut pool = self.pool;
        let mut exact = Vec::with_capacity(self.exact.len());
        for (key, model) in &self.exact {
            let at = *pool_users.entry(key.clone()).or_insert_with(|| {
                let at = pool.len();
                pool.push_str(key);
                at
            });
            exact.push(format!("Exact{{key:t({at},{}),model:{model}}}", key.len()));
        }
        let rules = self.rules.iter().map(|rule| format!("Rule::{rule}")).collect::<Vec<_>>();
        let loose = self.loose.iter().map(ToString::to_string).collect::<Vec<_>>();
        let ranks = ranks.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut emit = |name: &str, kind: &str, rows: &[String]| {
            writeln!(out, "pub(super) static {name}: [{kind}; {}] = [{}];", rows.len(), rows.join(",\n"))
        };
        emit("PROVIDERS", "Provider", &self.providers)
            .and_then(|()| emit("RANKS", "u8", &ranks))
            .and_then(|()| emit("MODELS", "Model", &self.models))
            .and_then(|()| emit("EXACT", "Exact", &exact))
            .and_then(|()| emit("LOOSE", "u16", &loose))
            .and_then(|()| emit("RULES", "Rule", &rules))
            .and_then(|()| emit("STEPS", "Step", &self.steps))
            .and_then(|()| emit("DATED", "Dated", &self.dated))
            .and_then(|()| emit("SETS", "PriceSet", &self.sets))
            .and_then(|()| emit("TIERS", "Tier", &self.tiers))
            .and_then(|()| writeln!(out, "pub(super) const VENDORS: u8 = {};", VENDORS.len()))
            .and_then(|()| writeln!(out, "pub(super) const VERSION: &str = {version:?};"))
            .and_then(|()| writeln!(out, "pub(super) static TEXT: &str = {pool:?};"))
            .map_err(|error| error.to_string())?;
        Ok(out)
    }
}

fn tiers(price: &Value) -> &[Value] {
    price["tiers"].as_array().map_or(&[], Vec::as_slice)
}

/// The five rates of a set, at the base or in the tier that begins at `start`.
fn rates(prices: &Value, start: Option<u64>) -> Result<String> {
    let rate = |key: &str, missing: u32| -> Result<u32> {
        let price = &prices[key];
        let dollars = match price {
            Value::Null => return Ok(missing),
            Value::Object(_) => {
                let reached =
                    |tier: &&Value| start.is_some_and(|start| tier["start"].as_u64() <= Some(start));
                let highest = tiers(price).iter().filter(reached).max_by_key(|tier| tier["start"].as_u64());
                highest.map_or(&price["base"], |tier| &tier["price"])
            }
            price => price,
        };
        pico(dollars).ok_or_else(|| format!("{key} is no price: {price}"))
    };
    // A model without an output rate returns no tokens (embeddings), and an empty set is free.
    Ok(format!(
        "Row{{input:{},output:{},cache_read:{},cache_write:{},cache_write_1h:{}}}",
        rate("input_mtok", 0)?,
        rate("output_mtok", 0)?,
        rate("cache_read_mtok", NO_RATE)?,
        rate("cache_write_mtok", NO_RATE)?,
        rate("cache_write_1h_mtok", NO_RATE)?,
    ))
}

/// Dollars per million tokens as pico-dollars per token: a factor of 10^6. The data carries at most six decimals, save
/// for some thirds upstream divided itself; those are rounded.
fn pico(dollars: &Value) -> Option<u32> {
    let pico = (dollars.as_f64()? * 1e6).round();
    (0.0..f64::from(NO_RATE)).contains(&pico).then_some(pico as u32)
}

/// Midnight UTC of a start date in Unix milliseconds, or two times of day in milliseconds since midnight UTC.
fn when(constraint: &Value) -> Result<String> {
    if constraint.is_null() {
        return Ok("When::Always".to_owned());
    }
    let bad = || format!("unknown constraint {constraint}");
    if constraint.as_object().is_some_and(|map| map.len() == 1) {
        let days = text(constraint, "start_date").ok().and_then(days).ok_or_else(bad)?;
        return Ok(format!("When::From({})", days * 86_400_000));
    }
    let from = text(constraint, "start_time").ok().and_then(time_of_day).ok_or_else(bad)?;
    let to = text(constraint, "end_time").ok().and_then(time_of_day).ok_or_else(bad)?;
    Ok(format!("When::Daily({from},{to})"))
}

/// Days from 1970-01-01 to a date written `YYYY-MM-DD`, none before 1970.
fn days(date: &str) -> Option<i64> {
    let (year, rest) = date.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let (year, month, day): (i64, usize, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let whole_years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let in_month = *months.get(month.checked_sub(1)?)?;
    let valid = (1970..=9999).contains(&year) && (1..=in_month).contains(&day);
    valid.then(|| whole_years + months[..month - 1].iter().sum::<i64>() + day - 1)
}

/// Milliseconds since midnight of a time written `HH:MM:SSZ`.
fn time_of_day(time: &str) -> Option<u32> {
    let mut parts = time.strip_suffix('Z')?.split(':').map(|part| part.parse::<u32>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    valid.then_some(((hour * 60 + minute) * 60 + second) * 1000)
}
