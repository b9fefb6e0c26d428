//! Integer money: rates, token counts, cost, and the one place where pico-dollars become decimals.

use serde::{Deserialize, Serialize};
use serde_json::Number;

/// Pico-dollars in a dollar.
const DOLLAR: u64 = 1_000_000_000_000;

/// Pico-dollars (10^-12 USD) per token. A price of `p` dollars per million tokens is `p` × 10^6 here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rates {
    /// Per input token.
    pub input: u64,
    /// Per output token, reasoning included.
    pub output: u64,
    /// Per input token read from the provider's cache; `None` charges the input rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Per input token written to the provider's cache; `None` charges the input rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Per input token written to the provider's cache for an hour; `None` charges the rate of other writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
}

/// The tokens of one call. Cached tokens are part of `input`. A reported zero is a statement, `None` is the lack of one;
/// both cost the same, but only a caller that keeps them apart can tell later which records to price again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// All input tokens, cached or not.
    pub input: u64,
    /// All output tokens.
    pub output: u64,
    /// Those of `input` that were read from the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<u64>,
    /// Those of `input` that were written to the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Those of `cache_write` that stay there for an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
}

impl Tokens {
    /// Both calls together. A count that neither states stays unstated.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let part = |one: Option<u64>, two: Option<u64>| match (one, two) {
            (None, None) => None,
            (one, two) => Some(one.unwrap_or(0).saturating_add(two.unwrap_or(0))),
        };
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cached_input: part(self.cached_input, other.cached_input),
            cache_write: part(self.cache_write, other.cache_write),
            cache_write_1h: part(self.cache_write_1h, other.cache_write_1h),
        }
    }

    /// With the reasoning in the output, if it was counted beside it: only a total that has room for both proves that.
    #[must_use]
    pub fn with_reasoning(self, reasoning: Option<u64>, total: Option<u64>) -> Self {
        let output = self.output.saturating_add(reasoning.unwrap_or(0));
        let proven = total.is_some_and(|total| total >= self.input.saturating_add(output));
        Self { output: if proven { output } else { self.output }, ..self }
    }

    /// The same call with every count brought to `most`, and the parts to what they are part of.
    #[must_use]
    pub fn at_most(&self, most: u64) -> Self {
        let input = self.input.min(most);
        let cached_input = self.cached_input.map(|count| count.min(input));
        let cache_write = self.cache_write.map(|count| count.min(input - cached_input.unwrap_or(0)));
        Self {
            input,
            output: self.output.min(most),
            cached_input,
            cache_write,
            cache_write_1h: self.cache_write_1h.map(|count| count.min(cache_write.unwrap_or(0))),
        }
    }
}

/// The cost of one call in pico-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Input, cached tokens included.
    pub input_pico: i64,
    /// Output.
    pub output_pico: i64,
    /// Both.
    pub total_pico: i64,
}

/// Why a call has no cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// More tokens were cached than were sent.
    #[error("{cached} cached input tokens exceed the {input} input tokens they are part of")]
    CachedExceedsInput {
        /// Reads and writes together, at most `u64::MAX`.
        cached: u64,
        /// Input tokens as reported.
        input: u64,
    },
    /// More tokens were written for an hour than were written.
    #[error("{hour} tokens cached for an hour exceed the {written} cached tokens they are part of")]
    HourExceedsWrite {
        /// Tokens written for an hour.
        hour: u64,
        /// Tokens written.
        written: u64,
    },
    /// The amount passes what a record can hold, about 9.2 million dollars.
    #[error("the cost of these token counts is out of range")]
    TooLarge,
}

impl Rates {
    /// Prices a call: cached input is taken out of the input before either is charged.
    ///
    /// # Errors
    /// [`CostError::CachedExceedsInput`] and [`CostError::HourExceedsWrite`] when the counts contradict each other, [`CostError::TooLarge`] when the amount
    /// does not fit; nothing wraps or saturates.
    pub fn cost(&self, tokens: &Tokens) -> Result<Cost, CostError> {
        let (read, written) = (tokens.cached_input.unwrap_or(0), tokens.cache_write.unwrap_or(0));
        let cached = read.checked_add(written);
        let Some(plain) = cached.and_then(|cached| tokens.input.checked_sub(cached)) else {
            return Err(CostError::CachedExceedsInput {
                cached: cached.unwrap_or(u64::MAX),
                input: tokens.input,
            });
        };
        let hour = tokens.cache_write_1h.unwrap_or(0);
        let Some(shortly) = written.checked_sub(hour) else {
            return Err(CostError::HourExceedsWrite { hour, written });
        };
        let write = self.cache_write.unwrap_or(self.input);
        let parts = [
            (plain, self.input),
            (read, self.cache_read.unwrap_or(self.input)),
            (shortly, write),
            (hour, self.cache_write_1h.unwrap_or(write)),
        ];
        let input_pico = amount(&parts)?;
        let output_pico = amount(&[(tokens.output, self.output)])?;
        let total_pico = input_pico.checked_add(output_pico).ok_or(CostError::TooLarge)?;
        Ok(Cost { input_pico, output_pico, total_pico })
    }
}

fn amount(parts: &[(u64, u64)]) -> Result<i64, CostError> {
    let sum = parts.iter().try_fold(0_u128, |sum, (tokens, rate)| {
        // Two factors of 64 bits always fit into 128; only the sum can pass.
        sum.checked_add(u128::from(*tokens) * u128::from(*rate))
    });
    sum.and_then(|sum| i64::try_from(sum).ok()).ok_or(CostError::TooLarge)
}

/// Pico-dollars as dollars in plain decimals, exact and without trailing zeros: `0.02925`.
#[must_use]
pub fn usd_text(pico: i64) -> String {
    let sign = if pico < 0 { "-" } else { "" };
    let (whole, fraction) = (pico.unsigned_abs() / DOLLAR, pico.unsigned_abs() % DOLLAR);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:012}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Pico-dollars as a JSON number of dollars. Whole dollars are JSON integers.
///
/// The number is the double nearest to the exact amount. JSON writes the shortest decimal that reads back as the same
/// double, and decimals of up to 15 significant digits survive that way unchanged, so every amount below 1,000 USD is
/// printed exactly, and 0.01197 + 0.01728 never shows as 0.029249999999999998. Amounts below 0.00001 USD take the
/// exponent form (`1e-6`), which is JSON all the same; [`usd_text`] never does.
#[must_use]
pub fn usd(pico: i64) -> Number {
    let whole = Number::from(pico / DOLLAR as i64);
    if pico.unsigned_abs().is_multiple_of(DOLLAR) {
        return whole;
    }
    // Not `pico as f64 / 1e12`: past 2^53 that rounds twice. The parser of the standard library rounds once.
    usd_text(pico).parse().ok().and_then(Number::from_f64).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates {
        input: 3_000_000,
        output: 15_000_000,
        cache_read: Some(300_000),
        cache_write: Some(3_750_000),
        cache_write_1h: Some(6_000_000),
    };

    /// Splitmix64: numbers that look random and are the same every time.
    fn numbers(count: usize) -> impl Iterator<Item = u64> {
        let mut state = 0x5EED_u64;
        std::iter::repeat_with(move || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        })
        .take(count)
    }

    #[test]
    fn cached_tokens_leave_the_input_before_pricing() -> Result<(), CostError> {
        let tokens = Tokens {
            input: 1_000,
            output: 10,
            cached_input: Some(600),
            cache_write: Some(100),
            ..Tokens::default()
        };
        let cost = RATES.cost(&tokens)?;
        assert_eq!(cost.input_pico, 300 * 3_000_000 + 600 * 300_000 + 100 * 3_750_000);
        assert_eq!(cost.output_pico, 10 * 15_000_000);
        assert_eq!(cost.total_pico, cost.input_pico + cost.output_pico);

        let plain = Rates { cache_read: None, cache_write: None, cache_write_1h: None, ..RATES };
        assert_eq!(
            plain.cost(&tokens)?.input_pico,
            1_000 * 3_000_000,
            "no cache rate charges the input rate"
        );
        let gift = Rates { cache_read: Some(0), ..plain };
        assert_eq!(gift.cost(&tokens)?.input_pico, 400 * 3_000_000, "a rate of zero is a rate");
        Ok(())
    }

    #[test]
    fn what_is_cached_for_an_hour_has_a_rate_of_its_own() -> Result<(), CostError> {
        let tokens =
            Tokens { input: 100, cache_write: Some(100), cache_write_1h: Some(40), ..Tokens::default() };
        assert_eq!(RATES.cost(&tokens)?.input_pico, 60 * 3_750_000 + 40 * 6_000_000);
        let one = Rates { cache_write_1h: None, ..RATES };
        assert_eq!(one.cost(&tokens)?.input_pico, 100 * 3_750_000, "without it, the rate of other writes");
        let more = Tokens { cache_write_1h: Some(101), ..tokens };
        assert_eq!(RATES.cost(&more), Err(CostError::HourExceedsWrite { hour: 101, written: 100 }));
        Ok(())
    }

    #[test]
    fn a_reported_zero_costs_like_none() -> Result<(), CostError> {
        let silent = Tokens { input: 7, output: 9, ..Tokens::default() };
        let stated = Tokens { cached_input: Some(0), cache_write: Some(0), ..silent };
        assert_eq!(RATES.cost(&silent)?, RATES.cost(&stated)?);
        assert_ne!(silent, stated);
        Ok(())
    }

    #[test]
    fn impossible_counts_are_refused() {
        let tokens = Tokens { input: 10, cached_input: Some(8), cache_write: Some(3), ..Tokens::default() };
        let error = CostError::CachedExceedsInput { cached: 11, input: 10 };
        assert_eq!(RATES.cost(&tokens), Err(error));
        assert_eq!(error.to_string(), "11 cached input tokens exceed the 10 input tokens they are part of");
        let wrapping = Tokens { cached_input: Some(u64::MAX), cache_write: Some(11), ..tokens };
        let error = CostError::CachedExceedsInput { cached: u64::MAX, input: 10 };
        assert_eq!(RATES.cost(&wrapping), Err(error));
    }

    #[test]
    fn amounts_past_the_record_are_refused() -> Result<(), CostError> {
        let one = Rates { input: 1, output: 1, ..Rates::default() };
        let most = i64::MAX.unsigned_abs();
        assert_eq!(one.cost(&Tokens { input: most, ..Tokens::default() })?.total_pico, i64::MAX);
        for tokens in [
            Tokens { input: most + 1, ..Tokens::default() },
            Tokens { input: most, output: 1, ..Tokens::default() },
            Tokens { input: 1, output: most, ..Tokens::default() },
        ] {
            assert_eq!(one.cost(&tokens), Err(CostError::TooLarge));
        }
        let dear = Rates { input: u64::MAX, output: u64::MAX, ..Rates::default() };
        let many = Tokens { input: u64::MAX, output: u64::MAX, ..Tokens::default() };
        assert_eq!(dear.cost(&many), Err(CostError::TooLarge));
        assert_eq!(dear.cost(&Tokens::default())?, Cost::default());
        Ok(())
    }

    #[test]
    fn dollars_print_as_the_exact_decimal() {
        for (pico, json) in [
            (0, "0"),
            (11_970_000_000, "0.01197"),
            (17_280_000_000, "0.01728"),
            (29_250_000_000, "0.02925"),
            (-29_250_000_000, "-0.02925"),
            (1_000_000_000_000, "1"),
            (1_500_000_000_000, "1.5"),
            (300_000_000_000, "0.3"),
            (123_456_789_012_345_000, "123456.789012345"),
        ] {
            assert_eq!(usd(pico).to_string(), json);
            assert_eq!(usd_text(pico), json);
        }
        assert_eq!(usd(1).to_string(), "1e-12");
        assert_eq!(usd_text(1), "0.000000000001");
        assert_eq!(usd_text(i64::MIN), "-9223372.036854775808");
        assert_eq!(serde_json::to_string(&usd(29_250_000_000)).ok().as_deref(), Some("0.02925"));
    }

    /// Reads a printed number back into pico-dollars by its digits, with no float in between.
    fn pico_of(printed: &str) -> Option<i128> {
        let (mantissa, exponent) = printed.split_once(['e', 'E']).unwrap_or((printed, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let shift = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()? + 12;
        match u32::try_from(shift) {
            Ok(up) => Some(digits * 10_i128.pow(up)),
            // Rounds to the nearest pico-dollar.
            Err(_) => Some(
                (digits * 10).div_euclid(10_i128.pow(shift.unsigned_abs())).checked_add(5)?.div_euclid(10),
            ),
        }
    }

    #[test]
    fn fifteen_digits_survive_the_print() {
        for number in numbers(100_000) {
            let digits = i64::try_from(number % 1_000_000_000_000_000).unwrap_or_default();
            for scale in [1, 10, 100, 1_000] {
                let pico = digits * scale;
                assert_eq!(pico_of(&usd(pico).to_string()), Some(i128::from(pico)));
                assert_eq!(pico_of(&usd_text(pico)), Some(i128::from(pico)));
            }
        }
    }

    #[test]
    fn longer_amounts_print_as_the_nearest_double() {
        for number in numbers(100_000) {
            let pico = i64::try_from(number % 1_000_000_000_000_000_000).unwrap_or_default();
            let printed = usd(pico).to_string();
            assert_eq!(printed.parse::<f64>(), usd_text(pico).parse::<f64>(), "{pico}");
            // Doubles below 2^20 dollars lie at most 2^-33 apart. The nearest one is half of that off, and its shortest
            // decimal as much again: 117 pico-dollars.
            let off = pico_of(&printed).map(|printed| (printed - i128::from(pico)).abs());
            assert!(off.is_some_and(|off| off <= 117), "{pico} printed as {printed}");
        }
    }
}
