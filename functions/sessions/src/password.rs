use shared::{
    accounts::{MAX_PASSWORD, check_new_password},
    error::{Error, Result},
    http::{ctx::Ctx, fields::Fields, peer::Peer, reply::Reply},
    repo::{orgs, sessions},
};
use utoipa::ToSchema;

use crate::wire::Done;

/// The old password and the new one.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct ChangePassword {
    #[schema(max_length = 1000, example = "correct horse battery", format = Password)]
    current_password: String,
    /// At least eight characters.
    #[schema(max_length = 1000, example = "a better staple", format = Password)]
    new_password: String,
}

/// Changes the password. Every other session of the user ends; this one goes on.
///
/// A wrong current password counts as a failed login.
#[utoipa::path(post, path = "/api/user/password", operation_id = "change_password", tag = "sessions",
    request_body = ChangePassword, responses((status = 200, description = "Changed.", body = Done)))]
pub async fn handler(ctx: Ctx, peer: Peer, mut fields: Fields) -> Result<Reply> {
    let current = fields.required_secret("current_password", MAX_PASSWORD);
    let new = fields.required_secret("new_password", MAX_PASSWORD);
    if !fields.is_refused("new_password")
        && let Err(problem) = check_new_password(&new)
    {
        fields.refuse("new_password", problem);
    }
    fields.finish()?;
    let (user, place) = (ctx.user().await?, ctx.session()?.place());
    if !ctx.app.confirm_password(&user, current, peer.address).await? {
        return Err(Error::invalid("current_password", "is not your password"));
    }
    let hash = ctx.app.hash_password(&new).await?;
    let writes = vec![orgs::set_password(&user, &hash), sessions::move_to(&place, user.generation + 1)];
    let reply = Reply::ok(&Done { success: true, message: "Password changed." })?;
    let reply = ctx.commit(writes, reply).await?;
    ctx.app.forget_sessions_of(&user);
    Ok(reply)
}
