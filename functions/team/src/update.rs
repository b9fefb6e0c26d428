use shared::{
    domain::org::User,
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, input::of_standing, member::MemberOut, reply::Reply},
    ids::UserId,
    ops::team,
};

use crate::input::UpdateMember;

/// Changes a team member. Where the role, the client groups or the second factor change, the member's sessions end, and his API keys
/// may do no more than he may: at once here, within a minute where they were used just now.
///
/// The last active admin stays one: that is 422 `last_admin`.
#[utoipa::path(patch, path = "/api/v1/team_members/{id}", operation_id = "update_team_member",
    params(("id" = u64, Path, description = "Id of the member.", example = 8)),
    request_body = UpdateMember, responses((status = 200, description = "Changed.", body = MemberOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<UserId>, fields: Fields) -> Result<Reply> {
    let patch = of_standing(ctx.repos().members().get(id), UpdateMember::read(fields)).await?.into();
    let by = ctx.caller.clone();
    let render = |user: &User| Reply::ok(&MemberOut::of(user));
    ctx.answer(render, async move |act| team::update(act, &by, id, patch).await).await
}
