use serde::Serialize;
use serde_json::Number;
use shared::{
    clock,
    domain::usage::{MAX_MODEL_CHARS, Usage},
    error::Result,
    http::{
        ctx::Ctx,
        extract::{PathText, QueryFields},
        input::{Limit, Text},
        page::{self, DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT},
        reply::Reply,
        shown::{Shown, shown},
    },
    ids::{Id, InstallationId},
    ops::usage,
    pricing,
    repo::usage::Filter,
};
use utoipa::ToSchema;

shared::input! {
    /// Which records to list. Everything given must match.
    pub struct RecordsQuery {
        /// Only this execution.
        #[example("551")]
        execution: Option<Text<200>>,
        /// Only this model.
        #[example("gpt-4")]
        model: Option<Text<MAX_MODEL_CHARS>>,
        /// 1 to 500, default 50.
        limit: Limit<DEFAULT_LIMIT, MAX_LIMIT>,
        /// `next_cursor` of the page before.
        cursor: Option<Text<MAX_CURSOR>>,
    }
    then(fields, workflow_id: &str) {
        before: Option<Id> = page::after_of(fields, workflow_id, cursor.as_deref()),
    }
}

/// A page of records, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageRecordPage)]
pub struct Listing {
    #[schema(example = "success")]
    status: &'static str,
    #[schema(example = "abc123")]
    workflow_id: String,
    records: Vec<Shown<UsageRecord>>,
    /// How many are on this page.
    count: usize,
    /// How many match in all; null while there are further pages.
    total: Option<usize>,
    /// Sent back as `cursor` it gives the next page; null on the last.
    next_cursor: Option<String>,
}

/// One record.
#[derive(Debug, Serialize, ToSchema)]
struct UsageRecord {
    /// Id of the record, as text.
    #[schema(example = "259")]
    id: String,
    #[schema(example = "551")]
    execution_id: String,
    #[schema(value_type = Option<u64>)]
    installation_id: Option<InstallationId>,
    /// The node that made the call.
    node_id: Option<String>,
    #[schema(example = "gpt-4")]
    model_id: String,
    #[schema(example = "GPT-4")]
    model_label: String,
    /// Whether the price of the model is known. Costs are 0 until it is.
    model_found: bool,
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: u64,
    /// Part of `input_tokens` that came from the provider's cache; null where nothing was said of it, as below.
    cached_input_tokens: Option<u64>,
    /// Part of `input_tokens` that was written into the provider's cache.
    cache_write_tokens: Option<u64>,
    /// Part of `cache_write_tokens` that stays there for an hour.
    cache_write_1h_tokens: Option<u64>,
    /// US dollars, exact.
    #[schema(value_type = f64, example = 0.01197)]
    input_cost: Number,
    #[schema(value_type = f64, example = 0.01728)]
    output_cost: Number,
    #[schema(value_type = f64, example = 0.02925)]
    total_cost: Number,
    /// The price table, or the price of your own, that it was priced with last.
    price_version: String,
    /// `posted` by the workflow, or found in a `pushed` execution.
    source: &'static str,
    /// The counts are an estimate of n8n's.
    estimated: bool,
    /// Whether it is in the sums. It is not where the other source knows the same calls more completely.
    counted: bool,
    #[schema(example = "2025-01-21T10:30:00Z")]
    recorded_at: String,
}

/// Lists what single model calls of a workflow consumed, newest first. Pushed executions are one record for each node and
/// model.
#[utoipa::path(get, path = "/api/token-usage/{workflow_id}/records", operation_id = "list_token_usage_records",
    params(("workflow_id" = String, Path, description = "n8n's id of the workflow.", example = "abc123"), RecordsQuery),
    responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(
    ctx: Ctx,
    PathText(workflow_id): PathText,
    QueryFields(fields): QueryFields,
) -> Result<Reply> {
    let RecordsQuery { execution, model, limit, before, .. } = RecordsQuery::read(fields, &workflow_id)?;
    let filter = Filter { execution_id: execution, model_id: model };
    let found = usage::records(&ctx, &workflow_id, &filter, limit, before).await?;
    let next_cursor = found.next.map(|next| page::cursor_of(&workflow_id, next));
    let records = shown(ctx.tenant, found.rows(), |usage| usage.id, |usage| Ok(UsageRecord::from(usage)))?;
    let count = records.len();
    Reply::ok(&Listing {
        status: "success",
        workflow_id,
        records,
        count,
        total: (before.is_none() && next_cursor.is_none()).then_some(count),
        next_cursor,
    })
}

impl From<Usage> for UsageRecord {
    fn from(usage: Usage) -> Self {
        Self {
            id: usage.id.to_string(),
            total_tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            total_cost: pricing::usd(usage.pico()),
            execution_id: usage.execution_id,
            installation_id: usage.installation_id,
            node_id: usage.node_id,
            model_id: usage.model_id,
            model_label: usage.model_label,
            model_found: usage.model_found,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            cache_write_tokens: usage.cache_write_tokens,
            cache_write_1h_tokens: usage.cache_write_1h_tokens,
            input_cost: pricing::usd(usage.input_pico),
            output_cost: pricing::usd(usage.output_pico),
            price_version: usage.price_version,
            source: usage.source.as_str(),
            estimated: usage.estimated,
            counted: !usage.outdone,
            recorded_at: clock::iso(usage.recorded_at),
        }
    }
}
