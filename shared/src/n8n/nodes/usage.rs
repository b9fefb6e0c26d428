//! Token usage, with the names that each provider has for it.
//!
//! Behind an agent or a simplified answer there is no usage object. Every step into it is a `?.`: n8n then shows the
//! sentence in which Baton says what is missing, and not that the body is no JSON.

use super::{Kind, Values, canvas::Canvas, object};

const NAME: &str = "Record token usage";
const PATH: Option<&str> = Some("/api/token-usage");
/// By this name the execution's own data know the call, should they be pushed too.
const MADE_BY: (&str, &str) = ("node_id", "$prevNode.name");
const NOTES: &[&str] = &[
    "Put it right behind the node that calls the model. Where that node has the option Simplify Output, turn it off: the \
     token counts are in the whole answer only.",
    "Make it a branch of its own, beside the nodes that go on with the model's text: behind it, $json is Baton's reply.",
    "The workflow goes on when Baton does not answer.",
    "An AI Agent does not show its token counts, and nothing is recorded behind one. Use push-newest-executions: Baton \
     finds them in the execution.",
];

/// Token usage of OpenAI.
pub const OPENAI: Kind = Kind {
    key: "token-usage-openai",
    title: "Token usage of OpenAI",
    description: "Records what one call of an OpenAI model consumed.",
    path: PATH,
    must_arrive: false,
    parameters: &[],
    notes: NOTES,
    build: openai,
};

/// Token usage of Anthropic.
pub const ANTHROPIC: Kind = Kind {
    key: "token-usage-anthropic",
    title: "Token usage of Anthropic",
    description: "Records what one call of an Anthropic model consumed.",
    path: PATH,
    must_arrive: false,
    parameters: &[],
    notes: NOTES,
    build: anthropic,
};

/// Token usage of Google.
pub const GOOGLE: Kind = Kind {
    key: "token-usage-google",
    title: "Token usage of Google",
    description: "Records what one call of a Google Gemini model consumed.",
    path: PATH,
    must_arrive: false,
    parameters: &[],
    notes: NOTES,
    build: google,
};

/// The Chat Completions API has prompt and completion tokens, the Responses API input and output tokens. Those who speak
/// OpenAI's words may count the reasoning beside the rest; Baton sees that from the total.
fn openai(kind: &Kind, values: &Values) -> Canvas {
    let fields = [
        MADE_BY,
        ("model_id", "$json.model"),
        ("input_tokens", "$json.usage?.prompt_tokens ?? $json.usage?.input_tokens"),
        ("output_tokens", "$json.usage?.completion_tokens ?? $json.usage?.output_tokens"),
        (
            "cached_input_tokens",
            "($json.usage?.prompt_tokens_details ?? $json.usage?.input_tokens_details)?.cached_tokens",
        ),
        (
            "reasoning_tokens",
            "($json.usage?.completion_tokens_details ?? $json.usage?.output_tokens_details)?.reasoning_tokens",
        ),
        ("total_tokens", "$json.usage?.total_tokens"),
    ];
    kind.posting(values, NAME, &object(values, &fields))
}

/// Anthropic leaves what has to do with its cache out of the input.
fn anthropic(kind: &Kind, values: &Values) -> Canvas {
    let fields = [
        MADE_BY,
        ("model_id", "$json.model"),
        (
            "input_tokens",
            "$json.usage?.input_tokens + ($json.usage?.cache_read_input_tokens ?? 0) + \
             ($json.usage?.cache_creation_input_tokens ?? 0)",
        ),
        ("output_tokens", "$json.usage?.output_tokens"),
        ("cached_input_tokens", "$json.usage?.cache_read_input_tokens"),
        ("cache_write_tokens", "$json.usage?.cache_creation_input_tokens"),
        ("cache_write_1h_tokens", "$json.usage?.cache_creation?.ephemeral_1h_input_tokens"),
    ];
    kind.posting(values, NAME, &object(values, &fields))
}

/// Google leaves what its model thought out of the output, and what tools read out of the input.
fn google(kind: &Kind, values: &Values) -> Canvas {
    let fields = [
        MADE_BY,
        ("model_id", "$json.modelVersion"),
        (
            "input_tokens",
            "$json.usageMetadata?.promptTokenCount + ($json.usageMetadata?.toolUsePromptTokenCount ?? 0)",
        ),
        (
            "output_tokens",
            "($json.usageMetadata?.candidatesTokenCount ?? 0) + ($json.usageMetadata?.thoughtsTokenCount ?? 0)",
        ),
        ("cached_input_tokens", "$json.usageMetadata?.cachedContentTokenCount"),
        ("reasoning_tokens", "$json.usageMetadata?.thoughtsTokenCount"),
    ];
    kind.posting(values, NAME, &object(values, &fields))
}
