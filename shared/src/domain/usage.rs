//! Token usage: one record per model call, in integer pico-dollars.

use serde::{Deserialize, Serialize};

use crate::{clock::Millis, ids::Id};

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    pub id: Id,
    pub workflow_id: String,
    pub execution_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    pub model_id: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Part of `input_tokens` that the provider served from its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    pub input_pico: i64,
    pub output_pico: i64,
    pub model_found: bool,
    pub model_label: String,
    /// Which table priced it, so that history can be priced again.
    pub price_version: String,
    pub source: Source,
    /// The count is n8n's estimate, not the provider's.
    #[serde(default)]
    pub estimated: bool,
    pub recorded_at: Millis,
}

/// How the record came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The workflow posted it.
    Posted,
    /// Found in pushed execution data.
    Pushed,
}

/// A sum over records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    #[serde(default)]
    pub records: i64,
    #[serde(default)]
    pub input_tokens: i64,
    #[serde(default)]
    pub output_tokens: i64,
    #[serde(default)]
    pub pico: i64,
}

impl Totals {
    pub fn of(usage: &Usage) -> Self {
        let whole = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        Self {
            records: 1,
            input_tokens: whole(usage.input_tokens),
            output_tokens: whole(usage.output_tokens),
            pico: usage.input_pico.saturating_add(usage.output_pico),
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_add(other.records),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            pico: self.pico.saturating_add(other.pico),
        }
    }

    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            records: -self.records,
            input_tokens: -self.input_tokens,
            output_tokens: -self.output_tokens,
            pico: -self.pico,
        }
    }
}

/// Largest count of tokens in one record: beyond any context window, and far from where a price could overflow.
pub const MAX_TOKENS: u64 = 1_000_000_000;
/// Longest model name, because each model is a counter of its own.
pub const MAX_MODEL_CHARS: usize = 200;
