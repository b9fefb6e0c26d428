//! The parameters of a node as callers send them, in a query or in a body.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::{
    domain::{installation::Installation, n8n_host::base_url},
    error::{Error, Result},
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Asked, BaseUrl, Field, Flag, OrDefault, passed},
    },
    ids::InstallationId,
    n8n::nodes::{self, Kind, Values, canvas::CredentialRef},
};

shared::input! {
    /// What the blanks of a node are filled with.
    pub struct NodeParameters {
        /// The n8n instance that the nodes are for. May be left out when only one is registered.
        #[example(45)]
        installation_id: Option<InstallationId>,
        /// Where that n8n reaches Baton, when that is not Baton's public URL: from inside a container, for instance.
        #[example("http://host.docker.internal:8080")]
        base_url: Option<BaseUrl<500>>,
        /// `trigger`: n8n's id of the workflow, to have it written out.
        #[example("abc123")]
        workflow_id: Option<WorkflowName>,
        /// `payload-review`, `media-review`, `lead-review`: whether the reviewer may ask for another attempt.
        allow_regenerate: OrDefault<Flag>,
    }
}

/// n8n's id of a workflow, which stands in an address.
struct WorkflowName;

impl Field for WorkflowName {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let id = fields.foreign_id(name, 100)?;
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            fields.refuse_as(name, code::FORMAT, "must be n8n's id of a workflow, such as b9NLgJV0oXIpXSsr");
            return None;
        }
        Some(id)
    }

    fn schema(asked: Asked) -> Value {
        let pattern = asked.pattern("[A-Za-z0-9_-]{1,100}");
        json!({ "type": asked.types("string", &["number"]), "pattern": pattern, "maxLength": 100 })
    }
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
        let kind = nodes::find(kind)
            .ok_or_else(|| Error::not_found("kind of node; GET /api/n8n/nodes lists them"))?;
        let base_url = base(ctx, &mut fields);
        let id = match fields.peek::<InstallationId>("installation_id") {
            None if fields.is_left_out("installation_id") => ctx.repos().installations().only().await?,
            sent => sent,
        };
        if id.is_none() {
            let problem = "is required, unless exactly one installation is registered";
            if fields.is_left_out("installation_id") {
                fields.refuse_as("installation_id", code::REQUIRED, problem);
            }
        }
        let NodeParameters { workflow_id, allow_regenerate, .. } = NodeParameters::read(fields)?;
        let id = id.ok_or_else(passed)?;
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
    let problem = match (fields.peek::<BaseUrl<500>>("base_url"), &ctx.app.settings.public_url) {
        (Some(text), _) => match base_url(&text) {
            Ok(base) => return base,
            Err(problem) => problem,
        },
        // It is told what is wrong with it when it is read.
        (None, _) if !fields.is_left_out("base_url") => return String::new(),
        (None, Some(base)) => return base.clone(),
        (None, None) => "is required, because BATON_PUBLIC_URL is not set",
    };
    fields.refuse("base_url", problem);
    String::new()
}
