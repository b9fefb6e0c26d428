use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::chore::What,
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        extract::PathId,
        reply::Reply,
    },
    ids::Id,
    repo::orgs,
};
use utoipa::ToSchema;

/// The installation is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedInstallation)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 45)]
    id: Id,
    #[schema(example = "Installation deleted successfully.")]
    message: &'static str,
}

/// Deletes an installation: n8n's API key and whatever else is kept of it. The API key that Baton has put into that n8n works
/// no more.
///
/// What its workflows posted stays, with the id of the installation, and so does what they cost. Decisions that this n8n has
/// not heard end as `failed`, and runs are not followed any more. Its workflows and pushed executions are deleted within some
/// minutes. Registering the same `instance_id` again makes another installation.
#[utoipa::path(delete, path = "/api/installs/{id}", operation_id = "delete_installation", tag = "installations",
    params(("id" = u64, Path, description = "Id of the installation.", example = 45)),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId) -> Result<Reply> {
    let reply = Reply::ok(&Deleted { success: true, id, message: "Installation deleted successfully." })?;
    let (chore, task) = ctx.chore(What::ForgetInstallation { installation_id: id })?;
    loop {
        let (installations, credentials) = (ctx.installations(), ctx.n8n_credentials());
        let (installation, credential) = try_join(installations.get(id), credentials.get(id)).await?;
        let installation = installation.or_not_found("installation")?;
        let mut writes = installations.delete(&installation);
        let key = credential.and_then(|credential| credential.key);
        writes.extend(key.as_ref().map(|key| orgs::end_key(key, ctx.now)));
        writes.extend([credentials.delete(id), chore.clone()]);
        match ctx.commit(writes, reply.clone()).await {
            // It was registered again or listed meanwhile: it is to go all the same.
            Err(Refused::Write(..)) => {}
            Err(refused) => return Err(refused.into()),
            Ok(reply) => {
                ctx.installed().forget(id);
                if let Some(key) = key {
                    ctx.app.forget_key_of(&key);
                }
                ctx.app.hint(&task, ctx.now).await;
                return Ok(reply);
            }
        }
    }
}
