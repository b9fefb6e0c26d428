//! Token usage, with the names that each provider has for it.

use super::{Kind, Values, object};
use crate::canvas::Canvas;

const NAME: &str = "Record token usage";
const PATH: Option<&str> = Some("/api/token-usage");
const NOTES: &[&str] = &[
    "Put it right behind the node that calls the model. Where that node has the option Simplify Output, turn it off: the \
     token counts are in the whole answer only.",
    "An AI Agent does not show its token counts. Use push-newest-executions: Baton finds them in the execution.",
];

pub const OPENAI: Kind = Kind {
    key: "token-usage-openai",
    title: "Token usage of OpenAI",
    description: "Records what one call of an OpenAI model consumed.",
    path: PATH,
    parameters: &[],
    notes: NOTES,
    build: openai,
};

pub const ANTHROPIC: Kind = Kind {
    key: "token-usage-anthropic",
    title: "Token usage of Anthropic",
    description: "Records what one call of an Anthropic model consumed.",
    path: PATH,
    parameters: &[],
    notes: NOTES,
    build: anthropic,
};

pub const GOOGLE: Kind = Kind {
    key: "token-usage-google",
    title: "Token usage of Google",
    description: "Records what one call of a Google Gemini model consumed.",
    path: PATH,
    parameters: &[],
    notes: NOTES,
    build: google,
};

/// The Chat Completions API has prompt and completion tokens, the Responses API input and output tokens.
fn openai(kind: &Kind, values: &Values) -> Canvas {
    let fields = [
        ("model_id", "$json.model"),
        ("input_tokens", "$json.usage.prompt_tokens ?? $json.usage.input_tokens"),
        ("output_tokens", "$json.usage.completion_tokens ?? $json.usage.output_tokens"),
    ];
    kind.posting(values, NAME, &object(values, &fields))
}

fn anthropic(kind: &Kind, values: &Values) -> Canvas {
    let fields = [
        ("model_id", "$json.model"),
        ("input_tokens", "$json.usage.input_tokens"),
        ("output_tokens", "$json.usage.output_tokens"),
    ];
    kind.posting(values, NAME, &object(values, &fields))
}

fn google(kind: &Kind, values: &Values) -> Canvas {
    let fields = [
        ("model_id", "$json.modelVersion"),
        ("input_tokens", "$json.usageMetadata.promptTokenCount"),
        ("output_tokens", "$json.usageMetadata.candidatesTokenCount"),
    ];
    kind.posting(values, NAME, &object(values, &fields))
}
