use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathId, input::InBody, reply::Reply},
    ids::UserId,
    ops::team,
};

use crate::{
    input::InviteMember,
    wire::{InvitedOut, shown_once},
};

/// Invites somebody to the organization. The invitation is in this reply only, good for seven days, and once.
///
/// Nobody invites to a role that may do what the credential that asks may not. An address has one account in this Baton. Whoever
/// holds the invitation accepts it with `POST /api/v1/invitations/accept`.
#[utoipa::path(post, path = "/api/v1/team_members", operation_id = "invite_team_member",
    request_body = InviteMember, responses((status = 201, description = "Invited.", body = InvitedOut)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<InviteMember>) -> Result<Reply> {
    let (by, url) = (ctx.caller.clone(), ctx.app.settings.public_url.clone());
    ctx.answer(
        move |issued: &team::Issued| shown_once(issued, url.as_deref()),
        async move |act| team::invite(act, &by, input.into()).await,
    )
    .await
}

/// Makes a new invitation for somebody who has not accepted yet. The one before ends.
#[utoipa::path(post, path = "/api/v1/team_members/{id}/invite", operation_id = "invite_team_member_again",
    params(("id" = u64, Path, description = "Id of the member.", example = 8)),
    responses((status = 201, description = "Invited.", body = InvitedOut)))]
pub async fn again(ctx: Ctx, PathId(id): PathId<UserId>) -> Result<Reply> {
    let (by, url) = (ctx.caller.clone(), ctx.app.settings.public_url.clone());
    ctx.answer(
        move |issued: &team::Issued| shown_once(issued, url.as_deref()),
        async move |act| team::invite_again(act, &by, id).await,
    )
    .await
}
