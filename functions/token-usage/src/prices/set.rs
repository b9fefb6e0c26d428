use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    domain::{
        price::{MAX_RATE, OwnPrice},
        usage::MAX_MODEL_CHARS,
    },
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Asked, Field, Foreign, InBody, number},
        reply::Reply,
    },
    ops::money::{self, NewPrice},
    pricing::Rates,
};
use utoipa::ToSchema;

use super::{ModelPrice, UtcDay};

shared::input! {
    /// A price, in US dollars for a million tokens, to six decimals.
    pub struct SetModelPrice {
        /// The model as token usage names it, whatever its case. Other spellings of the same model have the price too.
        #[example("our-own-model-7b")]
        model_id: Foreign<MAX_MODEL_CHARS>,
        /// The first day (UTC) on which it counts. Left out: ever since.
        #[example("2026-11-01")]
        from: Option<UtcDay>,
        #[example(0.5)]
        input_per_million: Rate,
        #[example(1.5)]
        output_per_million: Rate,
        /// Input that comes from the provider's cache. Left out: like other input.
        #[example(0.05)]
        cache_read_per_million: Option<Rate>,
        /// Input that goes into the provider's cache. Left out: like other input.
        cache_write_per_million: Option<Rate>,
        /// Input that stays in the provider's cache for an hour. Left out: like what stays for minutes.
        cache_write_1h_per_million: Option<Rate>,
    }
}

/// The price is set.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelPriceSet)]
pub struct Set {
    success: bool,
    price: ModelPrice,
    #[schema(example = "Price set successfully.")]
    message: &'static str,
}

/// Sets the price of a model from a day on, in place of the one that was set for the same model and day.
///
/// It goes before the table's price. All instances know it within a minute. Records that had no price get it in the
/// background; others keep what they cost until `POST /api/token-usage/reprice`.
#[utoipa::path(put, path = "/api/model-prices", operation_id = "set_model_price",
    request_body = SetModelPrice, responses((status = 200, description = "Set.", body = Set)))]
pub async fn handler(ctx: Ctx, InBody(price): InBody<SetModelPrice>) -> Result<Reply> {
    let rates = Rates {
        input: price.input_per_million,
        output: price.output_per_million,
        cache_read: price.cache_read_per_million,
        cache_write: price.cache_write_per_million,
        cache_write_1h: price.cache_write_1h_per_million,
    };
    let new = NewPrice { model_id: price.model_id, from: price.from, rates };
    ctx.answer(set, async |act| money::set_price(act, new).await).await
}

fn set(price: &OwnPrice) -> Result<Reply> {
    Reply::ok(&Set { success: true, price: ModelPrice::of(price), message: "Price set successfully." })
}

/// Dollars for a million tokens, as pico-dollars a token: a factor of 10^6.
struct Rate;

impl Field for Rate {
    type Value = u64;

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    fn read(fields: &mut Fields, name: &str) -> Option<u64> {
        let pico = fields.number(name)?.as_f64()? * 1e6;
        let whole = pico.round();
        if !(0.0..=MAX_RATE as f64).contains(&pico) {
            fields.refuse_as(name, code::TOO_LARGE, "must be 0 to 1000 US dollars for a million tokens");
        } else if (pico - whole).abs() > 1e-4 {
            fields.refuse_as(name, code::FORMAT, "must have at most six decimals");
        } else {
            return Some(whole as u64);
        }
        None
    }

    fn schema(asked: Asked) -> Value {
        number(asked, &json!(0), &json!(1000), r"[0-9]{1,3}(\.[0-9]{1,6})?|1000")
    }
}
