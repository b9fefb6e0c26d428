use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::UserId,
    ops::team,
};

/// Removes a team member. Sessions and API keys of the member end: at once here, within a minute where they were used just now. What
/// the member did stays, and the address is free again.
///
/// The last active admin cannot be removed: that is 422 `last_admin`.
#[utoipa::path(delete, path = "/api/v1/team_members/{id}", operation_id = "remove_team_member",
    params(("id" = u64, Path, description = "Id of the member.", example = 8)),
    responses((status = 204, description = "Removed.")))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<UserId>) -> Result<Reply> {
    let by = ctx.caller.clone();
    ctx.answer(|(): &()| Ok(Reply::no_content()), async move |act| team::remove(act, &by, id).await).await
}
