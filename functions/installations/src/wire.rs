//! How an installation is shown. Its key never is.

use serde::Serialize;
use shared::{
    clock,
    domain::installation::{Installation, KeyHealth},
    ids::{GroupId, InstallationId},
};
use utoipa::ToSchema;

/// An n8n instance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Installation)]
pub struct InstallationOut {
    #[schema(value_type = u64, example = 45)]
    id: InstallationId,
    #[schema(example = "my-n8n-001")]
    instance_id: String,
    #[schema(example = "Production n8n")]
    title: String,
    #[schema(example = "https://n8n.yourdomain.com")]
    host: String,
    webhook_url: Option<String>,
    /// The client group that what comes from there belongs to.
    #[schema(value_type = u64)]
    group_id: GroupId,
    api_key_health: KeyHealthOut,
    /// When this n8n pushed something or answered last, to a minute; null while it has done neither.
    #[schema(example = "2025-01-21T10:30:00Z")]
    last_seen_at: Option<String>,
    /// Workflows of it that Baton knows. `GET /api/installed/{installation_id}` lists them.
    #[schema(example = 12)]
    workflows: usize,
    /// Why n8n's own list of workflows could not be read yet; null once it was.
    listing_error: Option<String>,
    #[schema(example = "2025-01-21T10:30:00Z")]
    created_at: String,
    #[schema(example = "2025-01-21T10:30:00Z")]
    updated_at: String,
}

/// What n8n says to the API key that it was registered with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyHealth)]
struct KeyHealthOut {
    /// `ok`, `refused`, or `unknown` while n8n has said neither.
    #[schema(example = "ok")]
    state: &'static str,
    /// Since when; null while it is unknown.
    #[schema(example = "2025-01-21T10:30:00Z")]
    since: Option<String>,
}

impl InstallationOut {
    pub fn new(installation: Installation, workflows: usize) -> Self {
        Self {
            id: installation.id,
            instance_id: installation.instance_id,
            title: installation.title,
            host: installation.host,
            webhook_url: installation.webhook_url,
            group_id: installation.group_id,
            api_key_health: KeyHealthOut::from(installation.api_key_health),
            last_seen_at: installation.seen_at.map(clock::iso),
            workflows,
            listing_error: installation.listing_error,
            created_at: clock::iso(installation.created_at),
            updated_at: clock::iso(installation.changed_at),
        }
    }
}

impl From<Option<KeyHealth>> for KeyHealthOut {
    fn from(known: Option<KeyHealth>) -> Self {
        Self {
            state: known.map_or("unknown", |known| known.state.as_str()),
            since: known.map(|known| clock::iso(known.since)),
        }
    }
}
