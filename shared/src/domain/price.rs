//! Prices of the tenant's own: what it has agreed with a provider, and what models of its own cost.
//!
//! Its one rule: an own price goes before the table's, from its day on, and the one that began last counts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::review::Actor;
use crate::{
    clock::Millis,
    pricing::{self, Rates},
};

/// Own prices of a tenant, at the most.
pub const MAX_PRICES: usize = 300;
/// Dearest rate: 1,000 dollars a million tokens. With the largest count of tokens it stays within what a record holds.
pub const MAX_RATE: u64 = 1_000_000_000;

/// One own price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPrice {
    /// As it was sent; case does not matter.
    pub model_id: String,
    /// The first day on which it counts, as `YYYY-MM-DD` in UTC; none for ever since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(flatten)]
    pub rates: Rates,
    /// Goes into the records that it prices.
    pub version: String,
    pub set_by: Actor,
    pub set_at: Millis,
}

impl OwnPrice {
    fn is_of(&self, folded: &str) -> bool {
        fold(&self.model_id) == folded
    }

    fn holds_on(&self, day: &str) -> bool {
        self.from.as_deref().is_none_or(|from| from <= day)
    }
}

/// The price of a model on a day (`YYYY-MM-DD`). One that is set for the very name counts, else one for another spelling of
/// the same model: providers answer `gpt-4o` as `gpt-4o-2024-08-06`.
pub fn find<'a>(prices: &'a [OwnPrice], model_id: &str, day: &str, at: Millis) -> Option<&'a OwnPrice> {
    if prices.is_empty() {
        return None;
    }
    let folded = fold(model_id);
    let newest = |of: &dyn Fn(&OwnPrice) -> bool| {
        let holding = prices.iter().filter(|price| price.holds_on(day) && of(price));
        holding.max_by(|one, two| one.from.cmp(&two.from))
    };
    newest(&|price| price.is_of(&folded)).or_else(|| match pricing::find(model_id, at.0) {
        Some(meant) => newest(&|price| {
            pricing::find(&price.model_id, at.0)
                .is_some_and(|own| (own.provider, &own.model) == (meant.provider, &meant.model))
        }),
        // A model that the table does not know has no spellings there.
        None => newest(&|price| bare(&fold(&price.model_id)) == bare(&folded)),
    })
}

/// A folded name without what is put around the names of models: who sells it in front, and the date of a snapshot behind.
fn bare(folded: &str) -> &str {
    let name = folded.rsplit('/').next().unwrap_or(folded);
    [10, 8].into_iter().find_map(|date| undated(name, date)).unwrap_or(name)
}

/// The name before a date of so many characters: `-2025-01-31`, `-20250131`, `@20250131`.
fn undated(name: &str, length: usize) -> Option<&str> {
    let at = name.len().checked_sub(length + 1)?;
    let (before, date) = (name.get(..at)?, name.get(at..)?);
    let date = date.strip_prefix(['-', '@'])?;
    let fits = |(at, byte): (usize, u8)| match (length, at) {
        (10, 4 | 7) => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    (!before.is_empty() && date.starts_with("20") && date.bytes().enumerate().all(fits)).then_some(before)
}

/// The position of the price that another one for this model and day replaces.
pub fn position(prices: &[OwnPrice], model_id: &str, from: Option<&str>) -> Option<usize> {
    let folded = fold(model_id);
    prices.iter().position(|price| price.is_of(&folded) && price.from.as_deref() == from)
}

/// Whether two names of a model differ in nothing but case and blanks.
pub fn same_model(one: &str, two: &str) -> bool {
    fold(one) == fold(two)
}

fn fold(model_id: &str) -> Cow<'_, str> {
    let id = model_id.trim();
    if id.chars().any(char::is_uppercase) { Cow::Owned(id.to_lowercase()) } else { Cow::Borrowed(id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    const NOW: Millis = Millis(1_795_305_600_000);

    fn price(model_id: &str, from: Option<&str>, input: u64) -> OwnPrice {
        OwnPrice {
            model_id: model_id.into(),
            from: from.map(str::to_owned),
            rates: Rates { input, ..Rates::default() },
            version: "own".into(),
            set_by: Actor { user_id: UserId::from_u64(1).unwrap(), username: "jane".into() },
            set_at: NOW,
        }
    }

    #[test]
    fn the_price_that_began_last_counts() {
        let prices = [
            price("Our-Own", Some("2026-11-10"), 3),
            price("our-own", None, 1),
            price("our-own", Some("2026-11-05"), 2),
        ];
        for (day, input) in
            [("2020-01-01", 1), ("2026-11-04", 1), ("2026-11-05", 2), ("2026-11-09", 2), ("2026-11-10", 3)]
        {
            let found = find(&prices, " OUR-own ", day, NOW).map(|price| price.rates.input);
            assert_eq!(found, Some(input), "{day}");
        }
        assert_eq!(find(&prices[..1], "our-own", "2026-11-09", NOW), None);
        assert_eq!(find(&prices, "another", "2026-11-09", NOW), None);
    }

    #[test]
    fn a_price_holds_for_every_spelling_of_its_model_unless_that_has_one_of_its_own() {
        let prices = [price("gpt-4o", None, 1), price("openai/gpt-4o-2024-08-06", None, 2)];
        let input = |model: &str| find(&prices, model, "2026-11-09", NOW).map(|price| price.rates.input);
        assert_eq!(input("openai/gpt-4o-2024-08-06"), Some(2));
        assert_eq!(input("gpt-4o"), Some(1));
        assert!(input("GPT-4o-2024-11-20").is_some());
        assert_eq!(input("gpt-4o-mini"), None);
    }

    #[test]
    fn a_price_of_a_model_that_the_table_does_not_know_holds_for_its_other_names() {
        let prices = [price("our-m", None, 1), price("our-m-2026-01-01", None, 2)];
        let input = |model: &str| find(&prices, model, "2026-11-09", NOW).map(|price| price.rates.input);
        for model in
            ["openai/our-m", "Proxy/OUR-m", "a/b/our-m-2025-01-01", "our-m-20250101", "our-m@20250101"]
        {
            assert!(input(model).is_some(), "{model}");
        }
        assert_eq!(input("our-m-2026-01-01"), Some(2));
        for model in
            ["our-m2", "our-m-mini", "our", "our-m-2025", "our-m-2025-01-0x", "our-m:free", "-2025-01-01"]
        {
            assert_eq!(input(model), None, "{model}");
        }
    }

    #[test]
    fn the_same_model_and_day_are_one_price() {
        let prices = [price("gpt-4o", None, 1), price("gpt-4o", Some("2026-11-05"), 2)];
        assert_eq!(position(&prices, "GPT-4o", None), Some(0));
        assert_eq!(position(&prices, "gpt-4o", Some("2026-11-05")), Some(1));
        assert_eq!(position(&prices, "gpt-4o", Some("2026-11-06")), None);
    }
}
