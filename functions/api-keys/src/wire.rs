//! What callers see of a key.

use secrecy::ExposeSecret;
use serde::Serialize;
use shared::{
    clock::{self, Millis},
    domain::{
        api_key::{ApiKey, PREFIX},
        dialect::Letter,
    },
    error::Result,
    http::reply::Reply,
    ids::{ApiKeyId, GroupId, UserId},
    ops::api_keys::Created,
};
use utoipa::ToSchema;

/// A key, without what makes it one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct KeyOut {
    #[schema(value_type = u64, example = 9)]
    id: ApiKeyId,
    #[schema(example = "Production automation")]
    name: String,
    /// What every key begins with.
    #[schema(example = "btn_live_")]
    key_prefix: &'static str,
    #[schema(example = "abcd")]
    last_four: String,
    /// `active`, `expired` or `revoked`.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(example = json!(["leads:write", "*:read"]))]
    scopes: Vec<String>,
    #[schema(example = "c")]
    dialect: Option<&'static str>,
    /// Empty for a key that may be used from anywhere.
    #[schema(example = json!(["203.0.113.0/24"]))]
    allowed_ips: Vec<String>,
    #[schema(example = 60)]
    rate_limit_per_minute: Option<u32>,
    #[schema(example = 1000)]
    rate_limit_per_hour: Option<u32>,
    #[schema(value_type = u64)]
    group_id: GroupId,
    /// The client groups that it is bound to; empty for a key that sees all that its user sees.
    #[schema(value_type = Vec<u64>, example = json!([1]))]
    group_ids: Vec<GroupId>,
    /// The user as whom it acts.
    #[schema(value_type = u64)]
    user_id: UserId,
    #[schema(example = "john.doe@example.com")]
    username: String,
    #[schema(example = "2026-04-02T12:00:00Z")]
    created_at: String,
    /// When it ends, or ended, by itself; null for one that does not.
    #[schema(example = "2027-04-02T12:00:00Z")]
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// The key that took its place, when it was rotated.
    #[schema(value_type = Option<u64>)]
    replaced_by: Option<ApiKeyId>,
}

impl KeyOut {
    pub fn new(key: &ApiKey, now: Millis) -> Self {
        Self {
            id: key.id,
            name: key.name.clone(),
            key_prefix: PREFIX,
            last_four: key.last4.clone(),
            status: key.status(now).as_str(),
            scopes: key.scopes.clone(),
            dialect: key.dialect.map(Letter::as_str),
            allowed_ips: key.terms.allowed_ips.iter().map(ToString::to_string).collect(),
            rate_limit_per_minute: key.terms.rate_limit_per_minute,
            rate_limit_per_hour: key.terms.rate_limit_per_hour,
            group_id: key.group_id,
            group_ids: key.groups.clone(),
            user_id: key.user_id,
            username: key.username.clone(),
            created_at: clock::iso(key.created_at),
            expires_at: key.runs_out_at().map(clock::iso),
            revoked_at: key.revoked_at.map(clock::iso),
            replaced_by: key.retirement.map(|retirement| retirement.successor),
        }
    }
}

/// A key that was made, with its text this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedApiKey)]
pub struct CreatedOut {
    #[serde(flatten)]
    made: KeyOut,
    /// The whole key; null in the repeat of an answer under its `Idempotency-Key`.
    #[schema(example = "btn_live_0123456789abcdefghijABCDEFGHIJ000000")]
    key: Option<String>,
    #[schema(example = "Save this API key now! You won't be able to see it again.")]
    message: &'static str,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "The key may not be used from where this request comes from: allowed_ips leaves that address out."
    )]
    warning: Option<&'static str>,
    /// The key in whose place it was made, and until when that one works.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<ReplacedOut>,
}

/// A key that works on for a while.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplacedApiKey)]
pub struct ReplacedOut {
    #[schema(value_type = u64, example = 9)]
    id: ApiKeyId,
    #[schema(example = "2026-04-03T12:00:00Z")]
    expires_at: Option<String>,
}

const SAVE_IT: &str = "Save this API key now! You won't be able to see it again.";
const WAS_SHOWN: &str =
    "This API key was made before, and its text was shown then. Rotate it if the text was lost.";

/// Replies with a key's text, once: a repeat under the same `Idempotency-Key` tells which key was made, and not its text.
pub fn shown_once(
    Created { key, text }: &Created,
    replaced: Option<&ApiKey>,
    warning: Option<&'static str>,
) -> Result<Reply> {
    let out = |text: Option<&str>, message| CreatedOut {
        made: KeyOut::new(key, key.created_at),
        key: text.map(str::to_owned),
        message,
        warning,
        replaces: replaced
            .map(|old| ReplacedOut { id: old.id, expires_at: old.runs_out_at().map(clock::iso) }),
    };
    Reply::created(&out(Some(text.expose_secret()), SAVE_IT))?.shown_once(&out(None, WAS_SHOWN))
}
