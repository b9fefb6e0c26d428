use shared::{
    accounts::{MAX_PASSWORD, check_new_password},
    error::Result,
    http::{ctx::Ctx, fields::Fields, peer::Peer, reply::Reply},
    ops::own_account,
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
    let place = ctx.session()?.place();
    let render = |(): &()| Reply::ok(&Done { success: true, message: "Password changed." });
    let change = async |act: &_| own_account::change_password(act, &place, current, &new, peer.address).await;
    ctx.answer(render, change).await
}
