use serde::Serialize;
use shared::{
    domain::n8n_workflow::N8nWorkflow,
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        reply::Reply,
        shown::{Shown, shown},
    },
    ids::{InstallationId, Nid},
};
use utoipa::ToSchema;

/// The workflows of an installation that Baton knows.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstalledWorkflows {
    success: bool,
    #[schema(value_type = u64, example = 45)]
    installation_id: InstallationId,
    /// n8n's ids.
    #[schema(example = json!(["abc123"]))]
    workflow_ids: Vec<String>,
    /// The same workflows with their `nid`.
    workflows: Vec<Shown<InstalledWorkflow>>,
    #[schema(example = 1)]
    count: usize,
    /// Why n8n's own list could not be read yet; null once it was.
    listing_error: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct InstalledWorkflow {
    #[schema(example = "abc123")]
    workflow_id: String,
    #[schema(value_type = u64, example = 123)]
    nid: Nid,
    #[schema(example = "Monthly report")]
    name: Option<String>,
}

/// Lists the n8n workflows that Baton knows of an installation: those that n8n's API listed, and every one that was
/// pushed, triggered or metered.
#[utoipa::path(get, path = "/api/installed/{installation_id}", operation_id = "list_installed_workflows",
    params(("installation_id" = u64, Path, description = "Id of the installation.", example = 45)),
    responses((status = 200, description = "The workflows.", body = InstalledWorkflows)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<InstallationId>) -> Result<Reply> {
    let installation = ctx.installed().get(id).await?;
    let known = ctx.repos().n8n_workflows().of_installation(installation.id).await?;
    let workflow_ids = known.found.iter().map(|node| node.workflow_id.clone()).collect();
    let show = |node: N8nWorkflow| {
        Ok(InstalledWorkflow { workflow_id: node.workflow_id, nid: node.nid, name: node.name })
    };
    let workflows = shown(ctx.tenant, known.rows(), |node| node.nid, show)?;
    Reply::ok(&InstalledWorkflows {
        success: true,
        installation_id: installation.id,
        workflow_ids,
        count: workflows.len(),
        workflows,
        listing_error: installation.listing_error.clone(),
    })
}
