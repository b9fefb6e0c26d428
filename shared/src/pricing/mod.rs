//! What tokens cost. The rule of this room: money is whole pico-dollars (10^-12 USD) until the moment it is shown.
//!
//! The prices are an estimate compiled from vendored data (`data/prices`, see its README), and every answer names its
//! [`PRICE_VERSION`], so that recorded usage can be priced again when the table or a tenant's own rates change.
//!
//! What is honoured: the data's matching rules, its price history by date and by time of day, rates for input that was read
//! from a cache or written to one (for minutes, or for an hour), and dearer rates for long contexts ([`Priced::cost`] picks
//! the tier by the input tokens of the call). `:free` behind a name is a promise of OpenRouter's, whoever made the model.
//! What is not: batch, flex and priority rates, audio, image and search units. Tokens of those
//! kinds cost the plain rate, and a model billed only in such units is unknown here rather than free.

mod label;
mod matching;
mod money;
mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use money::{Cost, CostError, Rates, Tokens, usd, usd_text};

/// Version of the table. Goes onto every usage record beside the matched model.
pub const PRICE_VERSION: &str = table::VERSION;

/// No model id of any provider comes near this length; a longer one is not looked up.
const LONGEST_ID: usize = 256;

/// A model found in the table, with its rates at the asked time.
#[derive(Clone, Debug)]
pub struct Priced {
    /// Who sells at this price, by the table's id (`openai`, `openrouter`).
    pub provider: &'static str,
    /// The table's own id of the model. Stable for all spellings and dated names that share a price.
    pub model: Cow<'static, str>,
    /// The model's name for people: `GPT-4`.
    pub label: Cow<'static, str>,
    /// Rates of an ordinary call. Where long contexts cost more, [`Priced::cost`] knows.
    pub rates: Rates,
    tiers: &'static [table::Tier],
}

impl Priced {
    /// The rates for a call with this many input tokens, cached ones included.
    #[must_use]
    pub fn rates_for(&self, input_tokens: u64) -> Rates {
        let reached = self.tiers.iter().rev().find(|tier| input_tokens > u64::from(tier.above));
        reached.map_or(self.rates, |tier| tier.rates.rates())
    }

    fn is_free(&self) -> bool {
        self.tiers.is_empty() && (self.rates.input, self.rates.output) == (0, 0)
    }

    /// The cost of one call. A long input moves the whole call to its tier, output too.
    ///
    /// # Errors
    /// As [`Rates::cost`].
    pub fn cost(&self, tokens: &Tokens) -> Result<Cost, CostError> {
        self.rates_for(tokens.input).cost(tokens)
    }
}

/// Finds a model as a caller wrote it (`gpt-4`, `openai/gpt-4o-2024-08-06`, `models/gemini-1.5-pro`, a Bedrock id) at the
/// price of `at_ms`, Unix milliseconds. Case does not matter.
///
/// A provider named in front of a slash is asked first, then the vendor whose family the name belongs to, then whoever
/// sells a model of exactly this name, vendors before resellers. `None` when nobody does, or when the model is not
/// billed by the token; the caller then shows the id as it was written.
#[must_use]
pub fn find(model_id: &str, at_ms: i64) -> Option<Priced> {
    let found = look_up(model_id, at_ms, matching::locate);
    match free(model_id) {
        // The data may know it by name; a paid model that shares the name is another.
        Some(free) => Some(found.filter(Priced::is_free).unwrap_or(free)),
        None => found,
    }
}

/// `maker/model:free`, as OpenRouter names what it gives away; the maker may be left out.
fn free(model_id: &str) -> Option<Priced> {
    let id = matching::folded(model_id.trim());
    let model = id.strip_suffix(":free")?.rsplit('/').next()?;
    if model.trim().is_empty() || id.len() > LONGEST_ID {
        return None;
    }
    let label = label::label(&id);
    Some(Priced {
        provider: "openrouter",
        model: Cow::Owned(id.into_owned()),
        label,
        rates: Rates::default(),
        tiers: &[],
    })
}

/// Finds a model among those of one provider, named by the table's id or by a usual alias (`vertex_ai`, `bedrock`).
#[must_use]
pub fn find_at(provider: &str, model_id: &str, at_ms: i64) -> Option<Priced> {
    let provider = matching::provider_named(&matching::folded(provider.trim()))?;
    look_up(model_id, at_ms, |id| matching::locate_at(provider, id))
}

fn look_up(model_id: &str, at_ms: i64, locate: impl Fn(&str) -> Option<u16>) -> Option<Priced> {
    let id = model_id.trim();
    if id.is_empty() || id.len() > LONGEST_ID {
        return None;
    }
    let model = table::MODELS.get(usize::from(locate(&matching::folded(id))?))?;
    let set = model.prices_at(at_ms)?;
    Some(Priced {
        provider: model.provider().map_or("", |provider| provider.id.get()),
        model: Cow::Borrowed(model.id.get()),
        label: label::label(model.id.get()),
        rates: set.base.rates(),
        tiers: set.tiers.of(&table::TIERS),
    })
}
