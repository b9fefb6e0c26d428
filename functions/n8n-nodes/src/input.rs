//! The parameters of a node as callers send them, in a query or in a body.

use std::sync::Arc;

use shared::{
    domain::{installation::Installation, n8n_host::base_url},
    error::{Error, Result},
    http::{ctx::Ctx, fields::Fields},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    canvas::CredentialRef,
    kinds::{self, Kind, Values},
};

/// What the blanks of a node are filled with.
#[derive(Debug, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the fields that `Wish` reads leniently")]
pub struct NodeParameters {
    /// The n8n instance that the nodes are for. May be left out when only one is registered.
    #[param(example = 45)]
    #[schema(example = 45)]
    installation_id: Option<u64>,
    /// Where that n8n reaches Baton, when that is not Baton's public URL: from inside a container, for instance.
    #[schema(format = "uri", max_length = 500, example = "http://host.docker.internal:8080")]
    #[param(format = "uri", max_length = 500)]
    base_url: Option<String>,
    /// `trigger`: n8n's id of the workflow, to have it written out.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,100}$", max_length = 100, example = "abc123")]
    #[param(pattern = "^[A-Za-z0-9_-]{1,100}$", max_length = 100)]
    workflow_id: Option<String>,
    /// `payload-review`, `media-review`, `lead-review`: whether the reviewer may ask for another attempt.
    allow_regenerate: Option<bool>,
}

/// A kind of node, and what it is to be filled with.
pub struct Wish {
    pub kind: &'static Kind,
    pub installation: Arc<Installation>,
    base_url: String,
    workflow_id: Option<String>,
    allow_regenerate: bool,
}

impl Wish {
    pub async fn read(ctx: &Ctx, kind: &str, mut fields: Fields) -> Result<Self> {
        let kind = kinds::find(kind)
            .ok_or_else(|| Error::not_found("kind of node; GET /api/n8n/nodes lists them"))?;
        let base_url = base(ctx, &mut fields);
        let workflow_id = fields.foreign_id("workflow_id", 100);
        if !workflow_id.iter().all(|id| id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))) {
            fields.refuse("workflow_id", "must be n8n's id of a workflow, such as b9NLgJV0oXIpXSsr");
        }
        let allow_regenerate = fields.flag("allow_regenerate").unwrap_or(false);
        let mut id = fields.id("installation_id");
        if id.is_none() && !fields.is_refused("installation_id") {
            id = ctx.installations().only().await?;
            if id.is_none() {
                fields
                    .refuse("installation_id", "is required, unless exactly one installation is registered");
            }
        }
        fields.finish()?;
        let id = id.ok_or_else(|| Error::internal("a refused field passed"))?;
        let installation = ctx.installed().get(id).await?;
        Ok(Self { kind, installation, base_url, workflow_id, allow_regenerate })
    }

    pub fn values(&self, credential: CredentialRef) -> Values {
        Values {
            base_url: self.base_url.clone(),
            installation_id: self.installation.id,
            workflow_id: self.workflow_id.clone(),
            allow_regenerate: self.allow_regenerate,
            credential,
        }
    }
}

/// Where n8n reaches Baton. The request's `Host` is not asked: a node outlives the request, and works from elsewhere.
fn base(ctx: &Ctx, fields: &mut Fields) -> String {
    let problem = match (fields.text("base_url", 500), &ctx.app.settings.public_url) {
        (Some(text), _) => match base_url(&text) {
            Ok(base) => return base,
            Err(problem) => problem,
        },
        (None, Some(base)) => return base.clone(),
        (None, None) => "is required, because BATON_PUBLIC_URL is not set",
    };
    if !fields.is_refused("base_url") {
        fields.refuse("base_url", problem);
    }
    String::new()
}
