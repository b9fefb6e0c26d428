use serde::Serialize;
use shared::{
    clock::{self, Millis},
    domain::{api_key::ApiKey, key_use::KeyUse},
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    ids::ApiKeyId,
    ops::api_keys,
};
use utoipa::ToSchema;

/// How often the keys are used, the newest key first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKeyUsage)]
pub struct Usage {
    keys: Vec<UsageOut>,
    /// How many keys there are; null where there are more than are shown, which are the newest 1,000.
    #[schema(example = 1)]
    total: Option<usize>,
}

/// How often one key is used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UsageOfApiKey)]
pub struct UsageOut {
    #[schema(value_type = u64, example = 9)]
    id: ApiKeyId,
    #[schema(example = "Production automation")]
    name: String,
    #[schema(example = "abcd")]
    last_four: String,
    /// Requests in this hour and the 23 before it, up to a minute ago.
    #[schema(example = 1204)]
    requests_24h: u64,
    /// Requests on this day and the 29 before it, by UTC.
    #[schema(example = 40310)]
    requests_30d: u64,
    /// To the minute; null for a key that was not used in the last 400 days.
    #[schema(example = "2026-04-02T12:00:00Z")]
    last_used_at: Option<String>,
}

impl UsageOut {
    fn new((key, used): (ApiKey, KeyUse), now: Millis) -> Self {
        Self {
            id: key.id,
            name: key.name,
            last_four: key.last4,
            requests_24h: used.in_24_hours(now),
            requests_30d: used.in_30_days(now),
            last_used_at: used.last_used_at.map(clock::iso),
        }
    }
}

/// Tells how often each API key was used, and when last.
#[utoipa::path(get, path = "/api/v1/api_keys/usage", operation_id = "get_api_key_usage",
    responses((status = 200, description = "The keys and their uses.", body = Usage)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let api_keys::Usage { keys, more } = api_keys::usage(&ctx).await?;
    let total = (!more).then_some(keys.len());
    Reply::ok(&Usage { keys: keys.into_iter().map(|key| UsageOut::new(key, ctx.now)).collect(), total })
}
