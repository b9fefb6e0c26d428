use serde::Serialize;
use serde_json::Number;
use shared::{
    clock::Millis,
    domain::usage::Totals,
    error::{OrNotFound, Result},
    http::{
        ctx::Ctx,
        extract::{PathText, QueryFields},
        fields::Fields,
        reply::Reply,
    },
    pricing,
    repo::usage::ModelTotals,
};
use utoipa::{IntoParams, ToSchema};

/// Which records to add up. Without any, all of them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that `Filter` reads leniently")]
pub struct StatsQuery {
    /// First day (UTC) that counts; a time stands for its day.
    #[param(format = "time", example = "2026-11-01")]
    from: Option<String>,
    /// Last day (UTC) that counts.
    #[param(format = "time", example = "2026-11-30")]
    to: Option<String>,
    /// Only this model.
    #[param(max_length = 200, example = "gpt-4")]
    model: Option<String>,
    /// Only this execution; not together with the others.
    #[param(max_length = 200, example = "551")]
    execution: Option<String>,
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

struct Filter {
    from: Option<Millis>,
    to: Option<Millis>,
    model: Option<String>,
    execution: Option<String>,
}

/// Adds up what a workflow consumed: at any volume one small read.
#[utoipa::path(get, path = "/api/token-usage/{workflow_id}/stats", operation_id = "get_token_usage_stats", tag = "token usage",
    params(("workflow_id" = String, Path, description = "n8n's id of the workflow.", example = "abc123"), StatsQuery),
    responses((status = 200, description = "The sums.", body = StatsOut)))]
pub async fn handler(
    ctx: Ctx,
    PathText(workflow_id): PathText,
    QueryFields(fields): QueryFields,
) -> Result<Reply> {
    let filter = read(fields)?;
    let models = find(&ctx, &workflow_id, &filter).await?;
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

fn read(mut fields: Fields) -> Result<Filter> {
    let filter = Filter {
        from: fields.time("from"),
        to: fields.time("to"),
        model: fields.text("model", 200),
        execution: fields.text("execution", 200),
    };
    if filter.execution.is_some() && (filter.from.is_some() || filter.to.is_some()) {
        fields.refuse("execution", "cannot be combined with from or to");
    }
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from > to
    {
        fields.refuse("from", "must not lie after to");
    }
    fields.finish()?;
    Ok(filter)
}

async fn find(ctx: &Ctx, workflow_id: &str, filter: &Filter) -> Result<Vec<ModelTotals>> {
    let log = ctx.repos().usage(workflow_id);
    let mut models = match (&filter.execution, filter.from, filter.to) {
        (Some(execution), ..) => log.execution_totals(execution).await?,
        (None, None, None) => log.totals().await?,
        (None, from, to) => {
            let from = from.unwrap_or(Millis(0));
            // Days to come hold nothing, and a range that runs backwards is no range.
            log.totals_between(from, to.unwrap_or(ctx.now).max(from)).await?
        }
    };
    if let Some(wanted) = &filter.model {
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
