use futures::future::try_join;
use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::InstallationId,
};

use crate::wire::InstallationOut;

/// One installation.
#[utoipa::path(get, path = "/api/installs/{id}", operation_id = "get_installation",
    params(("id" = u64, Path, description = "Id of the installation.", example = 45)),
    responses((status = 200, description = "The installation.", body = InstallationOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<InstallationId>) -> Result<Reply> {
    let (installations, workflows) = (ctx.repos().installations(), ctx.repos().n8n_workflows());
    let (installation, known) = try_join(installations.get(id), workflows.count(id)).await?;
    Reply::ok(&InstallationOut::new(installation.or_not_found("installation")?, known))
}
