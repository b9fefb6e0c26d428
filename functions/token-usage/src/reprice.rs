use http::StatusCode;
use serde::Serialize;
use shared::{
    clock::{self, Millis},
    error::Result,
    http::{
        ctx::Ctx,
        input::{InBody, Time},
        reply::Reply,
    },
    ops::money,
    pricing::PRICE_VERSION,
};
use utoipa::ToSchema;

shared::input! {
    /// Which records to price anew.
    pub struct RepriceTokenUsage {
        /// The first moment whose model calls are priced anew; a date stands for its beginning in UTC.
        #[example("2026-11-01")]
        from: Time,
    }
}

/// It will be done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Repricing {
    #[schema(example = "success")]
    status: &'static str,
    #[schema(example = "The records are priced anew within minutes.")]
    message: &'static str,
    #[schema(example = "2026-11-01T00:00:00Z")]
    from: String,
    /// The price table that counts where there is no price of your own.
    price_version: &'static str,
}

/// Prices the records of all workflows anew, with the prices of the day of each call: those of the organization's own as they
/// are now, and the table's. It begins after a minute and is done in the background; sums are right at every moment.
#[utoipa::path(post, path = "/api/token-usage/reprice", operation_id = "reprice_token_usage",
    request_body = RepriceTokenUsage, responses((status = 202, description = "It will be done.", body = Repricing)))]
pub async fn handler(
    ctx: Ctx,
    InBody(RepriceTokenUsage { from }): InBody<RepriceTokenUsage>,
) -> Result<Reply> {
    ctx.answer(owed, async |act| money::reprice(act, from).await).await
}

fn owed(from: &Millis) -> Result<Reply> {
    let owed = Repricing {
        status: "success",
        message: "The records are priced anew within minutes.",
        from: clock::iso(*from),
        price_version: PRICE_VERSION,
    };
    Reply::new(StatusCode::ACCEPTED, &owed)
}
