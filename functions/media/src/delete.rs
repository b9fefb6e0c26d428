use serde::Serialize;
use shared::{
    domain::media::MediaItem,
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        deletion::DeleteQuery,
        extract::PathId,
        input::InQuery,
        reply::{Reply, Warning},
    },
    ids::{ChoreId, EntityId, Id},
    queue::{Task, TaskKind},
};
use utoipa::ToSchema;

/// The media item is gone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeletedMedia)]
pub struct Deleted {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "Media item deleted successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing. `execution_waits`: nobody has decided, and n8n waits on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Deletes a media item. A decision that n8n has not heard yet is told all the same.
#[utoipa::path(delete, path = "/api/media/{id}", operation_id = "delete_media", tag = "media",
    params(("id" = u64, Path, description = "Id of the media item.", example = 42), DeleteQuery),
    responses((status = 200, description = "Deleted.", body = Deleted)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, InQuery(query): InQuery<DeleteQuery>) -> Result<Reply> {
    let waiting = query.decide;
    loop {
        let item = ctx.media().get(id).await?.or_not_found("record")?;
        let leaving = waiting.leaving(&ctx, &item);
        let (message, warnings) = ("Media item deleted successfully.", leaving.warnings.clone());
        let reply = Reply::ok(&Deleted { success: true, id, message, warnings })?;
        match ctx.commit(ctx.media().part(&item, &leaving.left)?, reply).await {
            // It was changed meanwhile, perhaps by the answer of its provider: it is to go all the same.
            Err(Refused::Write(..)) => {}
            ended => {
                let reply = ended?;
                leaving.tell::<MediaItem>(&ctx).await;
                if let Some(file) = item.file {
                    let key = ctx.repos().chores().key(ChoreId::of(file.id.untyped()));
                    ctx.app.hint(&Task::new(TaskKind::Chore, &key, &ctx.cause), ctx.now).await;
                }
                return Ok(reply);
            }
        }
    }
}
