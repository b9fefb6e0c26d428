use serde::Serialize;
use serde_json::Number;
use shared::{
    domain::usage::{MAX_MODEL_CHARS, MAX_TOKENS},
    error::Result,
    http::{ctx::Ctx, fields::Fields, reply::Reply},
    ids::Id,
    metering::Call,
    ops::{
        act::Act,
        usage::{self, NewUsage},
    },
    pricing::{self, Tokens},
};
use utoipa::ToSchema;

/// One model call.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `read` reads leniently")]
pub struct RecordTokenUsage {
    /// Base URL of the n8n instance. May be left out when the installation is clear otherwise.
    #[schema(format = "uri", example = "https://n8n.example.com")]
    n8n_base_url: Option<String>,
    /// n8n's id of the workflow (`$workflow.id`).
    #[schema(max_length = 200, example = "b9NLgJV0oXIpXSsr")]
    workflow_id: String,
    /// n8n's id of the execution (`$execution.id`).
    #[schema(max_length = 200, example = "551")]
    execution_id: String,
    /// Name of the model as the provider spells it.
    #[schema(max_length = 200, example = "gpt-4")]
    model_id: String,
    #[schema(maximum = 1_000_000_000, example = 399)]
    input_tokens: u64,
    #[schema(maximum = 1_000_000_000, example = 288)]
    output_tokens: u64,
    /// Part of `input_tokens` that the provider served from its cache.
    #[schema(maximum = 1_000_000_000)]
    cached_input_tokens: Option<u64>,
    /// Part of `input_tokens` that the provider wrote into its cache.
    #[schema(maximum = 1_000_000_000)]
    cache_write_tokens: Option<u64>,
    /// Part of `cache_write_tokens` that stays in the cache for an hour and not for five minutes.
    #[schema(maximum = 1_000_000_000)]
    cache_write_1h_tokens: Option<u64>,
    /// What the model thought. Usually part of `output_tokens`; it is added to them if `total_tokens` proves that it is not.
    #[schema(maximum = 1_000_000_000)]
    reasoning_tokens: Option<u64>,
    /// The provider's own sum. Asked for nothing else than where the reasoning was counted.
    #[schema(maximum = 1_000_000_000)]
    total_tokens: Option<u64>,
    /// Installation, instead of `n8n_base_url`.
    installation_id: Option<u64>,
    /// The node that made the call.
    #[schema(max_length = 200)]
    node_id: Option<String>,
}

/// The stored record.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recorded {
    #[schema(example = "success")]
    status: &'static str,
    #[schema(example = "Token usage recorded successfully")]
    message: &'static str,
    /// Id of the record, as text.
    #[schema(example = "259")]
    id: String,
    data: RecordedData,
}

#[derive(Debug, Serialize, ToSchema)]
struct RecordedData {
    #[schema(example = "b9NLgJV0oXIpXSsr")]
    workflow_id: String,
    #[schema(example = "551")]
    execution_id: String,
    #[schema(example = "gpt-4")]
    model_id: String,
    #[schema(example = 399)]
    input_tokens: u64,
    #[schema(example = 288)]
    output_tokens: u64,
    #[schema(example = 687)]
    total_tokens: u64,
    /// US dollars, exact.
    #[schema(value_type = f64, example = 0.01197)]
    input_cost: Number,
    #[schema(value_type = f64, example = 0.01728)]
    output_cost: Number,
    #[schema(value_type = f64, example = 0.02925)]
    total_cost: Number,
    /// Whether the price of the model is known. Costs are 0 until it is.
    #[schema(example = true)]
    model_found: bool,
    #[schema(example = "GPT-4")]
    model_label: String,
    /// Id of the workflow node, when the installation is known.
    #[schema(value_type = Option<u64>)]
    nid: Option<Id>,
}

/// Records the tokens of one model call and prices them.
#[utoipa::path(post, path = "/api/token-usage", operation_id = "record_token_usage", tag = "token usage",
    request_body = RecordTokenUsage, responses((status = 201, description = "Recorded.", body = Recorded)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let new = read(&ctx, fields).await?;
    ctx.answer(recorded, async |act| usage::record(act, new).await).await
}

async fn read(act: &Act, mut fields: Fields) -> Result<NewUsage> {
    let base_url = fields.url("n8n_base_url");
    let installation_id = fields.id("installation_id");
    let new = NewUsage {
        workflow_id: fields.required_foreign_id("workflow_id", 200),
        execution_id: fields.required_foreign_id("execution_id", 200),
        installation: None,
        node_id: fields.foreign_id("node_id", 200),
        call: call(&mut fields),
    };
    let installed = act.installed();
    let installation = match (installation_id, &base_url) {
        // An id that belongs to nobody is refused before anything is stored, whatever else is wrong.
        (Some(id), _) => Some(installed.get(id).await?),
        (None, Some(url)) => installed.by_url(url).await?,
        (None, None) => {
            let clear = if new.workflow_id.is_empty() {
                None
            } else {
                installed.by_workflow(&new.workflow_id).await?
            };
            if clear.is_none() && !fields.is_refused("n8n_base_url") {
                fields.refuse("n8n_base_url", "is required");
            }
            clear
        }
    };
    fields.finish()?;
    Ok(NewUsage { installation, ..new })
}

fn call(fields: &mut Fields) -> Call {
    let model = fields.required_foreign_id("model_id", MAX_MODEL_CHARS);
    let tokens = Tokens {
        input: fields.required_whole("input_tokens", MAX_TOKENS),
        output: fields.required_whole("output_tokens", MAX_TOKENS),
        cached_input: fields.whole("cached_input_tokens", MAX_TOKENS),
        cache_write: fields.whole("cache_write_tokens", MAX_TOKENS),
        cache_write_1h: fields.whole("cache_write_1h_tokens", MAX_TOKENS),
    };
    let reasoning = fields.whole("reasoning_tokens", MAX_TOKENS);
    let total = fields.whole("total_tokens", MAX_TOKENS);
    let (read, written) = (tokens.cached_input.unwrap_or(0), tokens.cache_write.unwrap_or(0));
    if read > tokens.input {
        fields.refuse("cached_input_tokens", "must not exceed input_tokens");
    } else if read + written > tokens.input {
        fields.refuse("cache_write_tokens", "must not exceed input_tokens without cached_input_tokens");
    }
    if tokens.cache_write_1h.is_some_and(|hour| hour > written) {
        fields.refuse("cache_write_1h_tokens", "must not exceed cache_write_tokens");
    }
    Call::one(model, tokens.with_reasoning(reasoning, total).at_most(MAX_TOKENS))
}

fn recorded(usage::Recorded { usage, nid }: &usage::Recorded) -> Result<Reply> {
    Reply::created(&Recorded {
        status: "success",
        message: "Token usage recorded successfully",
        id: usage.id.to_string(),
        data: RecordedData {
            workflow_id: usage.workflow_id.clone(),
            execution_id: usage.execution_id.clone(),
            model_id: usage.model_id.clone(),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            total_tokens: usage.input_tokens + usage.output_tokens,
            input_cost: pricing::usd(usage.input_pico),
            output_cost: pricing::usd(usage.output_pico),
            total_cost: pricing::usd(usage.input_pico.saturating_add(usage.output_pico)),
            model_found: usage.model_found,
            model_label: usage.model_label.clone(),
            nid: *nid,
        },
    })
}
