use std::collections::BTreeMap;

use futures::future::join;
use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    pricing::PRICE_VERSION,
};
use utoipa::ToSchema;

use super::ModelPrice;

/// All prices of the organization's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelPriceList)]
pub struct Listing {
    prices: Vec<ModelPrice>,
    count: usize,
    /// The table of prices that counts for all other models.
    #[schema(example = "genai-prices-0.2.1")]
    price_version: &'static str,
    /// Models that were used and had no price.
    unpriced: Vec<UnpricedModel>,
}

/// A model that was used and had no price, so that its records cost 0.
#[derive(Debug, Serialize, ToSchema)]
struct UnpricedModel {
    #[schema(example = "our-own-model-7b")]
    model_id: String,
    records: i64,
    workflow_ids: Vec<String>,
}

/// Lists the prices of the organization's own, and the models that have none at all.
#[utoipa::path(get, path = "/api/model-prices", operation_id = "list_model_prices",
    responses((status = 200, description = "All of them.", body = Listing)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let unpriced = ctx.repos().unpriced();
    let settled = ctx.repos().settled();
    let (money, models) = join(settled.load(), unpriced.all()).await;
    let money = money?;
    let mut unpriced: BTreeMap<String, UnpricedModel> = BTreeMap::new();
    // Which workflows have no price is the whole organization's to know.
    let shown = |records: i64| records > 0 && ctx.reach.is_all();
    for model in models?.into_iter().filter(|model| shown(model.records())) {
        let records = model.records();
        let entry = unpriced.entry(model.model_id.clone()).or_insert_with(|| UnpricedModel {
            model_id: model.model_id,
            records: 0,
            workflow_ids: Vec::new(),
        });
        entry.records += records;
        entry.workflow_ids.push(model.workflow_id);
    }
    Reply::ok(&Listing {
        prices: money.prices.iter().map(ModelPrice::of).collect(),
        count: money.prices.len(),
        price_version: PRICE_VERSION,
        unpriced: unpriced.into_values().collect(),
    })
}
