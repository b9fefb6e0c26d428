//! Token counts as model vendors write them, brought to one meaning.
//!
//! Input counts every token that the model read, cached ones too. The vendors disagree on that: OpenAI's
//! `prompt_tokens` and Google's `promptTokenCount` include what came from the cache, Anthropic's `input_tokens` leaves
//! it out and names it beside. Output counts everything the model wrote; Google names its thinking apart.

use serde::de::MapAccess;

use super::lenient::{Any, Count, Key, Take, fields};

/// The tokens of one model call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) output: u64,
    /// The part of `input` that came from the vendor's cache; `None` if nothing was said about it.
    pub(super) cached: Option<u64>,
}

impl Tokens {
    /// `None` for nothing: an all-zero record is n8n's mark for "not counted", not a free call.
    pub(super) fn some(self) -> Option<Self> {
        (self.input > 0 || self.output > 0).then_some(self)
    }
}

/// A usage object as it stands, under any vendor's names.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Includes cached tokens.
    prompt: Option<u64>,
    /// Leaves cached tokens out when they are named beside.
    input: Option<u64>,
    output: Option<u64>,
    thoughts: Option<u64>,
    tool_prompt: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cached: Option<u64>,
}

impl Tally {
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let of = |count: Option<u64>| count.unwrap_or(0);
        let sum =
            |counts: &[Option<u64>]| counts.iter().fold(0_u64, |sum, &count| sum.saturating_add(of(count)));
        let read = match self.prompt {
            Some(prompt) => prompt,
            None => sum(&[self.input, self.cache_read, self.cache_write]),
        };
        Tokens {
            input: read.saturating_add(of(self.tool_prompt)),
            output: sum(&[self.output, self.thoughts]),
            cached: self.cached.or(self.cache_read),
        }
        .some()
    }

    pub(super) fn prompt(&mut self) -> Count<'_> {
        Count(&mut self.prompt)
    }

    pub(super) fn output(&mut self) -> Count<'_> {
        Count(&mut self.output)
    }
}

/// OpenAI (both APIs), Anthropic, Google, AWS Bedrock, Cohere, DeepSeek, and n8n's own records.
impl<'de> Take<'de> for &mut Tally {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "prompt_tokens" | "promptTokens" | "promptTokenCount" | "prompt_token_count" => Count(&mut self.prompt),
            "input_tokens" | "inputTokens" => Count(&mut self.input),
            "completion_tokens" | "completionTokens" | "output_tokens" | "outputTokens" | "candidatesTokenCount"
                | "candidates_token_count" => Count(&mut self.output),
            "thoughtsTokenCount" | "thoughts_token_count" => Count(&mut self.thoughts),
            "toolUsePromptTokenCount" => Count(&mut self.tool_prompt),
            "cache_read_input_tokens" | "cacheReadInputTokens" => Count(&mut self.cache_read),
            "cache_creation_input_tokens" | "cacheWriteInputTokens" => Count(&mut self.cache_write),
            "cachedContentTokenCount" | "prompt_cache_hit_tokens" => Count(&mut self.cached),
            "prompt_tokens_details" | "input_tokens_details" => Cached(&mut self.cached),
            "tokens" => Nested(&mut *self),
        })
    }
}

struct Cached<'a>(&'a mut Option<u64>);

impl<'de> Take<'de> for Cached<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, { "cached_tokens" => Count(&mut *self.0), })
    }
}

/// Cohere puts the counts one level down; no deeper, so that nothing recurses.
struct Nested<'a>(&'a mut Tally);

impl<'de> Take<'de> for Nested<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "input_tokens" => Count(&mut self.0.input),
            "output_tokens" => Count(&mut self.0.output),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn tokens(text: &str) -> Option<(u64, u64, Option<u64>)> {
        let mut tally = Tally::default();
        json::walk(text.as_bytes(), Any(&mut tally)).unwrap();
        tally.tokens().map(|t| (t.input, t.output, t.cached))
    }

    #[test]
    fn every_vendor_comes_to_the_same_meaning() {
        let rows = [
            // OpenAI chat: the cached part is inside prompt_tokens.
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":64}}"#,
                (100, 7, Some(64)),
            ),
            // OpenAI responses: likewise, under Anthropic's names.
            (
                r#"{"input_tokens":100,"output_tokens":7,"input_tokens_details":{"cached_tokens":64}}"#,
                (100, 7, Some(64)),
            ),
            // Anthropic: cached parts stand beside input_tokens.
            (
                r#"{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":60,"output_tokens":7}"#,
                (100, 7, Some(60)),
            ),
            // A proxy that speaks OpenAI and adds Anthropic's names: prompt_tokens is the whole.
            (
                r#"{"prompt_tokens":100,"cache_read_input_tokens":60,"completion_tokens":7}"#,
                (100, 7, Some(60)),
            ),
            // Google: thinking is output, tool prompts are input, cached content is inside the prompt.
            (
                r#"{"promptTokenCount":90,"candidatesTokenCount":4,"thoughtsTokenCount":3,"toolUsePromptTokenCount":10,"cachedContentTokenCount":64}"#,
                (100, 7, Some(64)),
            ),
            (r#"{"inputTokens":100,"outputTokens":7,"totalTokens":107}"#, (100, 7, None)),
            (
                r#"{"billed_units":{"input_tokens":1},"tokens":{"input_tokens":100,"output_tokens":7}}"#,
                (100, 7, None),
            ),
            // Embeddings write nothing.
            (r#"{"prompt_tokens":"100","total_tokens":100}"#, (100, 0, None)),
        ];
        for (json, expected) in rows {
            assert_eq!(tokens(json), Some(expected), "{json}");
        }
    }

    #[test]
    fn nothing_and_nonsense_are_no_usage() {
        for json in [
            "{}",
            "null",
            "7",
            r#"{"prompt_tokens":-5,"completion_tokens":"many"}"#,
            r#"{"prompt_tokens":0,"completion_tokens":0}"#,
        ] {
            assert_eq!(tokens(json), None, "{json}");
        }
    }
}
