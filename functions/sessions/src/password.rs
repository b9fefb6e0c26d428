use secrecy::SecretString;
use shared::{
    accounts::{MAX_PASSWORD, check_new_password},
    error::Result,
    http::{
        ctx::Ctx,
        fields::Fields,
        input::{Asked, Field, InBody, Schema, Secret},
        peer::Peer,
        reply::Reply,
    },
    ops::own_account,
};

use crate::wire::Done;

shared::input! {
    /// The old password and the new one.
    pub struct ChangePassword {
        #[example("correct horse battery")]
        current_password: Secret<MAX_PASSWORD>,
        /// At least eight characters.
        #[example("a better staple")]
        new_password: NewPassword,
    }
}

/// A password that somebody may have.
pub struct NewPassword;

impl Field for NewPassword {
    type Value = SecretString;

    fn read(fields: &mut Fields, name: &str) -> Option<SecretString> {
        let password = fields.secret(name, MAX_PASSWORD)?;
        if let Err(problem) = check_new_password(&password) {
            fields.refuse(name, problem);
            return None;
        }
        Some(password)
    }

    fn schema(asked: Asked) -> Schema {
        Secret::<MAX_PASSWORD>::schema(asked)
    }
}

/// Changes the password. Every other session of the user ends; this one goes on.
///
/// A wrong current password counts as a failed login.
#[utoipa::path(post, path = "/api/user/password", operation_id = "change_password",
    request_body = ChangePassword, responses((status = 200, description = "Changed.", body = Done)))]
pub async fn handler(ctx: Ctx, peer: Peer, InBody(sent): InBody<ChangePassword>) -> Result<Reply> {
    let ChangePassword { current_password: current, new_password: new } = sent;
    let place = ctx.session()?.place();
    let render = |(): &()| Reply::ok(&Done { success: true, message: "Password changed." });
    ctx.answer(render, async |act| {
        own_account::change_password(act, &place, current, &new, peer.address).await
    })
    .await
}
