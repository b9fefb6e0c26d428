use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, member::MemberOut, reply::Reply},
    ids::UserId,
    ops::team,
};

/// Shows a team member.
#[utoipa::path(get, path = "/api/v1/team_members/{id}", operation_id = "get_team_member",
    params(("id" = u64, Path, description = "Id of the member.", example = 8)),
    responses((status = 200, description = "The member.", body = MemberOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<UserId>) -> Result<Reply> {
    Reply::ok(&MemberOut::of(&team::get(&ctx, id).await?))
}
