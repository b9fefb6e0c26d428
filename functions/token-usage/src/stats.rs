use serde::Serialize;
use serde_json::Number;
use shared::{
    domain::usage::{MAX_MODEL_CHARS, Totals},
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathText,
        input::{InQuery, Text, Time},
        reply::Reply,
    },
    ops::usage::{self, Span},
    pricing,
};
use utoipa::ToSchema;

shared::input! {
    /// Which records to add up. Without any, all of them.
    pub struct StatsQuery {
        /// First day (UTC) that counts; a time stands for its day.
        #[example("2026-11-01")]
        from: Option<Time>,
        /// Last day (UTC) that counts.
        #[example("2026-11-30")]
        to: Option<Time>,
        /// Only this model.
        #[example("gpt-4")]
        model: Option<Text<MAX_MODEL_CHARS>>,
        /// Only this execution; not together with the others.
        #[example("551")]
        execution: Option<Text<200>>,
    }
    then(fields) {
        span: Span = {
            if execution.is_some() && (from.is_some() || to.is_some()) {
                fields.refuse("execution", "cannot be combined with from or to");
            }
            if from > to && to.is_some() {
                fields.refuse("from", "must not lie after to");
            }
            match (execution.clone(), from, to) {
                (Some(execution), ..) => Span::Execution(execution),
                (None, None, None) => Span::All,
                (None, from, to) => Span::Days { from, to },
            }
        },
    }
}

/// Sums of a workflow.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsOut {
    #[schema(example = "success")]
    status: &'static str,
    #[schema(example = "abc123")]
    workflow_id: String,
    stats: Stats,
}

#[derive(Debug, Serialize, ToSchema)]
struct Stats {
    #[serde(flatten)]
    all: Sums,
    by_model: Vec<ModelStats>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Sums {
    #[schema(example = 150)]
    total_records: i64,
    #[schema(example = 210_000)]
    total_tokens: i64,
    /// US dollars, exact.
    #[schema(value_type = f64, example = 8.85)]
    total_cost: Number,
    input_tokens: i64,
    output_tokens: i64,
    /// Whether any of it is an estimate of n8n's, because the provider's answer had no counts. It can be far off.
    #[schema(example = false)]
    estimated: bool,
    /// How many of the records are.
    estimated_records: i64,
    /// How many of the records cost 0 because their model has no price yet.
    unpriced_records: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ModelStats {
    #[schema(example = "gpt-4")]
    model_id: String,
    #[serde(flatten)]
    sums: Sums,
}

/// Adds up what a workflow consumed: at any volume one small read.
#[utoipa::path(get, path = "/api/token-usage/{workflow_id}/stats", operation_id = "get_token_usage_stats",
    params(("workflow_id" = String, Path, description = "n8n's id of the workflow.", example = "abc123"), StatsQuery),
    responses((status = 200, description = "The sums.", body = StatsOut)))]
pub async fn handler(
    ctx: Ctx,
    PathText(workflow_id): PathText,
    InQuery(query): InQuery<StatsQuery>,
) -> Result<Reply> {
    let used = usage::sums(&ctx, &workflow_id, &query.span, query.model.as_deref()).await?;
    let by_model =
        used.by_model.into_iter().map(|one| ModelStats { model_id: one.model_id, sums: sums(one.totals) });
    let stats = Stats { all: sums(used.all), by_model: by_model.collect() };
    Reply::ok(&StatsOut { status: "success", workflow_id, stats })
}

fn sums(totals: Totals) -> Sums {
    Sums {
        total_records: totals.records,
        total_tokens: totals.input_tokens.saturating_add(totals.output_tokens),
        total_cost: pricing::usd(totals.pico),
        input_tokens: totals.input_tokens,
        output_tokens: totals.output_tokens,
        estimated: totals.estimated > 0,
        estimated_records: totals.estimated,
        unpriced_records: totals.unpriced,
    }
}
