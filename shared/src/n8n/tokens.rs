//! Token counts as model vendors write them, brought to one meaning.
//!
//! Input counts every token that the model read, cached ones too. The vendors disagree on that: OpenAI's
//! `prompt_tokens` and Google's `promptTokenCount` include what came from the cache, Anthropic's `input_tokens` leaves
//! it out and names it beside, LangChain's puts it back in and says so one level down. Output counts everything the model
//! wrote; Google names its thinking apart, and some who speak OpenAI's words count their reasoning outside of
//! `completion_tokens`, which only `total_tokens` tells.

use serde::de::MapAccess;

use super::lenient::{Any, Count, Key, Take, fields};
use crate::pricing::Tokens;

/// A usage object as it stands, under any vendor's names.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Includes cached tokens.
    prompt: Option<u64>,
    /// Leaves cached tokens out when they are named beside.
    input: Option<u64>,
    output: Option<u64>,
    thoughts: Option<u64>,
    /// Part of the output, or beside it.
    reasoning: Option<u64>,
    total: Option<u64>,
    tool_prompt: Option<u64>,
    /// Beside the input.
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    /// Part of the input.
    cached: Option<u64>,
    written: Option<u64>,
    /// Of what was written, for how long.
    minutes: Option<u64>,
    hour: Option<u64>,
}

impl Tally {
    /// `None` for nothing: an all-zero record is n8n's mark for "not counted", not a free call.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let of = |count: Option<u64>| count.unwrap_or(0);
        let sum =
            |counts: &[Option<u64>]| counts.iter().fold(0_u64, |sum, &count| sum.saturating_add(of(count)));
        let by_time =
            (self.minutes.is_some() || self.hour.is_some()).then(|| sum(&[self.minutes, self.hour]));
        let beside = self.cache_write.max(by_time.filter(|_| self.written.is_none()));
        let read = match (self.prompt, self.input) {
            (Some(prompt), _) => prompt,
            // Who says which part of the input was cached means the whole input.
            (None, Some(input)) if self.cached.is_some() || self.written.is_some() => input,
            (None, input) => sum(&[input, self.cache_read, beside]),
        };
        let input = read.saturating_add(of(self.tool_prompt));
        let cached = self.cached.or(self.cache_read).map(|cached| cached.min(input));
        let room = input.saturating_sub(of(cached));
        let written = self.written.max(self.cache_write).max(by_time).map(|written| written.min(room));
        let hour = self.hour.map(|hour| hour.min(of(written)));
        let tokens = Tokens {
            input,
            output: sum(&[self.output, self.thoughts]),
            cached_input: cached,
            cache_write: written,
            cache_write_1h: hour,
        };
        Some(tokens.with_reasoning(self.reasoning, self.total))
            .filter(|tokens| tokens.input > 0 || tokens.output > 0)
    }

    pub(super) fn prompt(&mut self) -> Count<'_> {
        Count(&mut self.prompt)
    }

    pub(super) fn output(&mut self) -> Count<'_> {
        Count(&mut self.output)
    }
}

/// OpenAI (both APIs), Anthropic, Google, AWS Bedrock, Cohere, DeepSeek, xAI, LangChain, and n8n's own records.
impl<'de> Take<'de> for &mut Tally {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "prompt_tokens" | "promptTokens" | "promptTokenCount" | "prompt_token_count" => Count(&mut self.prompt),
            "input_tokens" | "inputTokens" => Count(&mut self.input),
            "completion_tokens" | "completionTokens" | "output_tokens" | "outputTokens" | "candidatesTokenCount"
                | "candidates_token_count" => Count(&mut self.output),
            "total_tokens" | "totalTokens" => Count(&mut self.total),
            "thoughtsTokenCount" | "thoughts_token_count" => Count(&mut self.thoughts),
            "reasoning_tokens" | "reasoningTokens" => Count(&mut self.reasoning),
            "toolUsePromptTokenCount" | "tool_use_prompt_token_count" => Count(&mut self.tool_prompt),
            "cache_read_input_tokens" | "cacheReadInputTokens" => Count(&mut self.cache_read),
            "cache_creation_input_tokens" | "cacheWriteInputTokens" => Count(&mut self.cache_write),
            "cachedContentTokenCount" | "cached_content_token_count" | "prompt_cache_hit_tokens"
                | "cachedInputTokens" => Count(&mut self.cached),
            "prompt_tokens_details" | "input_tokens_details" | "input_token_details" | "promptTokensDetails"
                | "inputTokensDetails" | "inputTokenDetails" => Details(&mut *self),
            "completion_tokens_details" | "output_tokens_details" | "output_token_details"
                | "completionTokensDetails" | "outputTokensDetails" | "outputTokenDetails" => Details(&mut *self),
            "cache_creation" => Lifetimes(&mut *self),
            "tokens" => Nested(&mut *self),
        })
    }
}

/// What a count is made of: OpenAI's words, LangChain's, and those of proxies between the two.
struct Details<'a>(&'a mut Tally);

impl<'de> Take<'de> for Details<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "cached_tokens" | "cachedTokens" | "cache_read" | "cacheReadTokens" => Count(&mut self.0.cached),
            "cache_creation" | "cache_write_tokens" | "cache_creation_tokens" | "cacheWriteTokens" => Count(&mut self.0.written),
            "ephemeral_5m_input_tokens" => Count(&mut self.0.minutes),
            "ephemeral_1h_input_tokens" => Count(&mut self.0.hour),
            "reasoning_tokens" | "reasoningTokens" | "reasoning" => Count(&mut self.0.reasoning),
        })
    }
}

/// Anthropic's word on how long what was written stays.
struct Lifetimes<'a>(&'a mut Tally);

impl<'de> Take<'de> for Lifetimes<'_> {
    fn map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fields!(map, {
            "ephemeral_5m_input_tokens" => Count(&mut self.0.minutes),
            "ephemeral_1h_input_tokens" => Count(&mut self.0.hour),
        })
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

    fn read(text: &str) -> Option<Tokens> {
        let mut tally = Tally::default();
        json::walk(text.as_bytes(), Any(&mut tally)).unwrap();
        tally.tokens()
    }

    fn tokens(text: &str) -> Option<(u64, u64, Option<u64>)> {
        read(text).map(|t| (t.input, t.output, t.cached_input))
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
    fn what_was_written_to_a_cache_is_told_by_how_long_it_stays() {
        let rows = [
            // Anthropic, with and without the split; the parts alone.
            (
                r#"{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":60,"output_tokens":7}"#,
                (100, Some(60), Some(30), None),
            ),
            (
                r#"{"input_tokens":10,"cache_creation_input_tokens":90,"cache_creation":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":40},"output_tokens":7}"#,
                (100, None, Some(90), Some(40)),
            ),
            (
                r#"{"input_tokens":60,"cache_creation":{"ephemeral_1h_input_tokens":40},"output_tokens":7}"#,
                (100, None, Some(40), Some(40)),
            ),
            // Bedrock.
            (
                r#"{"inputTokens":10,"outputTokens":7,"cacheReadInputTokens":60,"cacheWriteInputTokens":30}"#,
                (100, Some(60), Some(30), None),
            ),
            // LangChain: everything is inside of input_tokens, and newer versions set the sum of writes to 0.
            (
                r#"{"input_tokens":100,"output_tokens":7,"total_tokens":107,"input_token_details":{"cache_read":60,"cache_creation":30}}"#,
                (100, Some(60), Some(30), None),
            ),
            (
                r#"{"input_tokens":100,"output_tokens":7,"input_token_details":{"cache_creation":0,"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10}}"#,
                (100, None, Some(30), Some(10)),
            ),
            // Proxies.
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30}}"#,
                (100, Some(60), Some(30), None),
            ),
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"cache_read_input_tokens":60,"cache_creation_input_tokens":30}"#,
                (100, Some(60), Some(30), None),
            ),
            // Parts never exceed the whole.
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":80,"cache_write_tokens":80,"ephemeral_1h_input_tokens":90}}"#,
                (100, Some(80), Some(20), Some(20)),
            ),
        ];
        for (json, expected) in rows {
            let read = read(json).map(|t| (t.input, t.cached_input, t.cache_write, t.cache_write_1h));
            assert_eq!(read, Some(expected), "{json}");
        }
    }

    #[test]
    fn reasoning_is_output_and_counted_once() {
        let rows = [
            // OpenAI's is inside of the completion, xAI's beside it: the total tells.
            (
                r#"{"prompt_tokens":100,"completion_tokens":107,"total_tokens":207,"completion_tokens_details":{"reasoning_tokens":100}}"#,
                107,
            ),
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":207,"completion_tokens_details":{"reasoning_tokens":100}}"#,
                107,
            ),
            (r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":207,"reasoning_tokens":100}"#, 107),
            (
                r#"{"input_tokens":100,"output_tokens":7,"total_tokens":207,"output_tokens_details":{"reasoning_tokens":100}}"#,
                107,
            ),
            (
                r#"{"input_tokens":100,"output_tokens":107,"total_tokens":207,"output_token_details":{"reasoning":100}}"#,
                107,
            ),
            // Nothing proves it.
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":100}}"#,
                7,
            ),
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":150,"completion_tokens_details":{"reasoning_tokens":100}}"#,
                7,
            ),
            // Google's thinking is beside the candidates, and in the total.
            (r#"{"promptTokenCount":100,"thoughtsTokenCount":107,"totalTokenCount":207}"#, 107),
        ];
        for (json, output) in rows {
            assert_eq!(read(json).map(|t| (t.input, t.output)), Some((100, output)), "{json}");
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
