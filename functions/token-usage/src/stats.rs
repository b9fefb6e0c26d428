use serde::Serialize;
use serde_json::Number;
use shared::{
    clock::Millis,
    domain::usage::{MAX_MODEL_CHARS, Totals},
    error::{OrNotFound, Result},
    http::{
        ctx::Ctx,
        extract::PathText,
        input::{InQuery, Text, Time},
        reply::Reply,
    },
    pricing,
    repo::usage::ModelTotals,
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

/// What counts.
#[derive(Debug, Clone)]
enum Span {
    All,
    Execution(String),
    Days { from: Option<Millis>, to: Option<Millis> },
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
    let models = find(&ctx, &workflow_id, &query).await?;
    if models.is_empty() {
        known(&ctx, &workflow_id).await?;
    }
    let all = models.iter().fold(Totals::default(), |sum, model| sum.plus(model.totals));
    if all.unpriced > 0 {
        // Whoever posts nothing any more still looks, and a new table may know the price.
        let metering = ctx.metering();
        metering.meet(&*metering.settled().await?, true).await;
    }
    let by_model =
        models.into_iter().map(|model| ModelStats { model_id: model.model_id, sums: sums(model.totals) });
    let stats = Stats { all: sums(all), by_model: by_model.collect() };
    Reply::ok(&StatsOut { status: "success", workflow_id, stats })
}

/// A workflow that the tenant has and that used nothing yet has nothing; one that nobody knows is not there.
pub async fn known(ctx: &Ctx, workflow_id: &str) -> Result<()> {
    if ctx.repos().usage(workflow_id).totals().await?.is_empty() {
        let known = ctx.repos().n8n_workflows().installations_with(workflow_id).await?;
        known.first().or_not_found("workflow")?;
    }
    Ok(())
}

async fn find(ctx: &Ctx, workflow_id: &str, query: &StatsQuery) -> Result<Vec<ModelTotals>> {
    let log = ctx.repos().usage(workflow_id);
    let mut models = match &query.span {
        Span::Execution(execution) => log.execution_totals(execution).await?,
        Span::All => log.totals().await?,
        Span::Days { from, to } => {
            let from = from.unwrap_or(Millis(0));
            // Days to come hold nothing, and a range that runs backwards is no range.
            log.totals_between(from, to.unwrap_or(ctx.now).max(from)).await?
        }
    };
    if let Some(wanted) = &query.model {
        models.retain(|model| model.model_id == *wanted);
    }
    Ok(models)
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
