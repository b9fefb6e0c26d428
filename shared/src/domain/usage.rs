//! Token usage: one record per model call, in integer pico-dollars.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    ids::{GroupId, InstallationId, UsageId},
    pricing::Tokens,
};

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    pub id: UsageId,
    pub workflow_id: String,
    pub execution_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_id: Option<InstallationId>,
    /// The client group of the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    pub model_id: String,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Part of `input_tokens` that the provider served from its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<u64>,
    /// Part of `input_tokens` that the provider wrote into its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Part of `cache_write_tokens` that stays there for an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h_tokens: Option<u64>,
    /// Input of the longest call, where the record is of several: long contexts have prices of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_input_tokens: Option<u64>,
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
    /// When the execution began, where a push told: n8n counts from 1 again when it is set up anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Millis>,
    /// How many records its push has, when it has several: a transaction may not hold them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_push: Option<u64>,
    /// The other source knows these calls more completely, and its records count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outdone: bool,
    pub recorded_at: Millis,
    /// When the calls were made, where that was not when they were recorded. Prices are those of this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_at: Option<Millis>,
    /// When it may go: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
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

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Pushed => "pushed",
        }
    }
}

impl Usage {
    pub fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input_tokens,
            output: self.output_tokens,
            cached_input: self.cached_input_tokens,
            cache_write: self.cache_write_tokens,
            cache_write_1h: self.cache_write_1h_tokens,
        }
    }

    /// The moment whose prices hold.
    pub fn priced_at(&self) -> Millis {
        self.called_at.unwrap_or(self.recorded_at)
    }

    pub fn pico(&self) -> i64 {
        self.input_pico.saturating_add(self.output_pico)
    }
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
    /// Records whose counts are n8n's estimate.
    #[serde(default)]
    pub estimated: i64,
    /// Records of models without a price.
    #[serde(default)]
    pub unpriced: i64,
}

impl Totals {
    /// What a record adds to its sums; nothing while the other source counts.
    pub fn of(usage: &Usage) -> Self {
        if usage.outdone {
            return Self::default();
        }
        let whole = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        Self {
            records: 1,
            input_tokens: whole(usage.input_tokens),
            output_tokens: whole(usage.output_tokens),
            pico: usage.pico(),
            estimated: usage.estimated.into(),
            unpriced: (!usage.model_found).into(),
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_add(other.records),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            pico: self.pico.saturating_add(other.pico),
            estimated: self.estimated.saturating_add(other.estimated),
            unpriced: self.unpriced.saturating_add(other.unpriced),
        }
    }

    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            records: -self.records,
            input_tokens: -self.input_tokens,
            output_tokens: -self.output_tokens,
            pico: -self.pico,
            estimated: -self.estimated,
            unpriced: -self.unpriced,
        }
    }
}

/// Largest count of tokens in one record: beyond any context window, and far from where a price could overflow.
pub const MAX_TOKENS: u64 = 1_000_000_000;
/// Longest model name, because each model is a counter of its own.
pub const MAX_MODEL_CHARS: usize = 200;
