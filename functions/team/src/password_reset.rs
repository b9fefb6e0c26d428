use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::UserId,
    ops::team,
};

use crate::wire::{ResetOut, shown_once};

/// Makes a way for a member to choose another password. It is in this reply only, good for an hour, and once.
///
/// The old password works until then. Whoever holds it uses `POST /api/v1/password_resets/confirm`.
#[utoipa::path(post, path = "/api/v1/team_members/{id}/password_reset", operation_id = "reset_password_of_team_member",
    params(("id" = u64, Path, description = "Id of the member.", example = 8)),
    responses((status = 201, description = "Made.", body = ResetOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<UserId>) -> Result<Reply> {
    let (by, url) = (ctx.caller.clone(), ctx.app.settings.public_url.clone());
    ctx.answer(
        move |issued: &team::Issued| shown_once(issued, url.as_deref()),
        async move |act| team::reset_password(act, &by, id).await,
    )
    .await
}
