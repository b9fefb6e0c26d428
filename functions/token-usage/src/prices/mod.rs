//! Prices of the organization's own.

pub mod delete;
pub mod list;
pub mod set;

use serde::Serialize;
use serde_json::{Number, Value};
use shared::{
    clock,
    domain::price::OwnPrice,
    http::{
        fields::Fields,
        input::{Asked, Field, Time},
    },
    pricing::usd,
};
use utoipa::ToSchema;

/// A price of the organization's own, in US dollars for a million tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelPrice {
    #[schema(example = "our-own-model-7b")]
    model_id: String,
    /// The first day (UTC) on which it counts; null for ever since.
    #[schema(example = "2026-11-01")]
    from: Option<String>,
    #[schema(value_type = f64, example = 0.5)]
    input_per_million: Number,
    #[schema(value_type = f64, example = 1.5)]
    output_per_million: Number,
    /// Input that comes from the provider's cache; null: like other input.
    #[schema(value_type = Option<f64>, example = 0.05)]
    cache_read_per_million: Option<Number>,
    /// Input that goes into the provider's cache; null: like other input.
    #[schema(value_type = Option<f64>)]
    cache_write_per_million: Option<Number>,
    /// Input that stays in the provider's cache for an hour; null: like what stays for minutes.
    #[schema(value_type = Option<f64>)]
    cache_write_1h_per_million: Option<Number>,
    set_by: String,
    #[schema(example = "2026-11-01T10:30:00Z")]
    set_at: String,
}

impl ModelPrice {
    pub fn of(price: &OwnPrice) -> Self {
        // Pico-dollars a token, as dollars for a million.
        let dollars = |rate: u64| usd(i64::try_from(rate).unwrap_or(i64::MAX).saturating_mul(1_000_000));
        Self {
            model_id: price.model_id.clone(),
            from: price.from.clone(),
            input_per_million: dollars(price.rates.input),
            output_per_million: dollars(price.rates.output),
            cache_read_per_million: price.rates.cache_read.map(dollars),
            cache_write_per_million: price.rates.cache_write.map(dollars),
            cache_write_1h_per_million: price.rates.cache_write_1h.map(dollars),
            set_by: price.set_by.username.clone(),
            set_at: clock::iso(price.set_at),
        }
    }
}

/// A day in UTC, which a time lies in.
pub struct UtcDay;

impl Field for UtcDay {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.time(name).map(|at| clock::iso(at).chars().take(10).collect())
    }

    fn schema(asked: Asked) -> Value {
        Time::schema(asked)
    }
}
