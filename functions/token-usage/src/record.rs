use std::sync::Arc;

use serde::Serialize;
use serde_json::Number;
use shared::{
    domain::{
        installation::Installation,
        usage::{MAX_MODEL_CHARS, MAX_TOKENS},
    },
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Foreign, Url, Whole},
        reply::Reply,
    },
    ids::{InstallationId, Nid},
    metering::Call,
    ops::{
        act::Act,
        usage::{self, NewUsage},
    },
    pricing::{self, Tokens},
};
use utoipa::ToSchema;

shared::input! {
    /// One model call.
    pub struct RecordTokenUsage {
        /// Base URL of the n8n instance. May be left out when the installation is clear otherwise.
        #[example("https://n8n.example.com")]
        n8n_base_url: Option<Url>,
        /// n8n's id of the workflow (`$workflow.id`).
        #[example("b9NLgJV0oXIpXSsr")]
        workflow_id: Foreign<200>,
        /// n8n's id of the execution (`$execution.id`).
        #[example("551")]
        execution_id: Foreign<200>,
        /// Name of the model as the provider spells it.
        #[example("gpt-4")]
        model_id: Foreign<MAX_MODEL_CHARS>,
        #[example(399)]
        input_tokens: Whole<MAX_TOKENS>,
        #[example(288)]
        output_tokens: Whole<MAX_TOKENS>,
        /// Part of `input_tokens` that the provider served from its cache.
        cached_input_tokens: Option<Whole<MAX_TOKENS>>,
        /// Part of `input_tokens` that the provider wrote into its cache.
        cache_write_tokens: Option<Whole<MAX_TOKENS>>,
        /// Part of `cache_write_tokens` that stays in the cache for an hour and not for five minutes.
        cache_write_1h_tokens: Option<Whole<MAX_TOKENS>>,
        /// What the model thought. Usually part of `output_tokens`; it is added to them if `total_tokens` proves that it is not.
        reasoning_tokens: Option<Whole<MAX_TOKENS>>,
        /// The provider's own sum. Asked for nothing else than where the reasoning was counted.
        total_tokens: Option<Whole<MAX_TOKENS>>,
        /// Installation, instead of `n8n_base_url`.
        installation_id: Option<InstallationId>,
        /// The node that made the call.
        node_id: Option<Foreign<200>>,
    }
    then(fields) {
        tokens: Tokens = {
            let tokens = Tokens {
                input: input_tokens.unwrap_or(0),
                output: output_tokens.unwrap_or(0),
                cached_input: cached_input_tokens,
                cache_write: cache_write_tokens,
                cache_write_1h: cache_write_1h_tokens,
            };
            fit(fields, &tokens);
            tokens.with_reasoning(reasoning_tokens, total_tokens).at_most(MAX_TOKENS)
        },
    }
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
    nid: Option<Nid>,
}

/// Records the tokens of one model call and prices them.
#[utoipa::path(post, path = "/api/token-usage", operation_id = "record_token_usage",
    request_body = RecordTokenUsage, responses((status = 201, description = "Recorded.", body = Recorded)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let new = read(&ctx, fields).await?;
    ctx.answer(recorded, async |act| usage::record(act, new).await).await
}

async fn read(act: &Act, mut fields: Fields) -> Result<NewUsage> {
    let installation = installation(act, &mut fields).await?;
    let posted = RecordTokenUsage::read(fields)?;
    Ok(NewUsage {
        workflow_id: posted.workflow_id,
        execution_id: posted.execution_id,
        installation,
        node_id: posted.node_id,
        call: Call::one(posted.model_id, posted.tokens),
    })
}

/// Where the call was made. An id that belongs to nobody is refused before anything is stored, whatever else is wrong.
async fn installation(act: &Act, fields: &mut Fields) -> Result<Option<Arc<Installation>>> {
    let installed = act.installed();
    if let Some(id) = fields.peek::<InstallationId>("installation_id") {
        return installed.get(id).await.map(Some);
    }
    if let Some(url) = fields.peek::<Url>("n8n_base_url") {
        return installed.by_url(&url).await;
    }
    let clear = match fields.peek::<Foreign<200>>("workflow_id") {
        Some(workflow) => installed.by_workflow(&workflow).await?,
        None => None,
    };
    if clear.is_none() && fields.is_left_out("n8n_base_url") {
        fields.refuse_as("n8n_base_url", code::REQUIRED, "is required");
    }
    Ok(clear)
}

/// Refuses parts that are more than the whole.
fn fit(fields: &mut Fields, tokens: &Tokens) {
    let (read, written) = (tokens.cached_input.unwrap_or(0), tokens.cache_write.unwrap_or(0));
    if read > tokens.input {
        fields.refuse("cached_input_tokens", "must not exceed input_tokens");
    } else if read + written > tokens.input {
        fields.refuse("cache_write_tokens", "must not exceed input_tokens without cached_input_tokens");
    }
    if tokens.cache_write_1h.is_some_and(|hour| hour > written) {
        fields.refuse("cache_write_1h_tokens", "must not exceed cache_write_tokens");
    }
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
