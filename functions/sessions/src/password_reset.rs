use axum::{extract::State, response::Response};
use http::StatusCode;
use shared::{
    app::SharedApp,
    domain::ticket::MAX_TICKET,
    error::Result,
    http::{
        first_party::FirstParty,
        input::{Secret, Text},
        peer::Peer,
        reply::Reply,
    },
};

use crate::{
    password::NewPassword,
    wire::{Done, uncached},
};

shared::input! {
    /// Who has forgotten the password.
    pub closed struct RequestPasswordReset {
        #[example("jane.doe@example.com")]
        email: Text<254>,
    }
}

shared::input! {
    /// The new password, and what allows it.
    pub closed struct ConfirmPasswordReset {
        #[example("btn_reset_7_8_0123456789abcdefghijABCDEFGHIJ")]
        token: Secret<MAX_TICKET>,
        /// At least eight characters.
        #[example("a better staple")]
        password: NewPassword,
    }
}

const ASKED: &str = "If this address belongs to somebody, the people of the organization see the request, and an admin can make a link.";

/// Tells the people of an organization that a member has forgotten the password.
///
/// The answer is the same whether there is such a member or not. Five requests for an address within a quarter of an hour are heard.
#[utoipa::path(post, path = "/api/v1/password_resets", operation_id = "request_password_reset",
    request_body = RequestPasswordReset, responses((status = 202, description = "Heard.", body = Done)))]
pub async fn request(
    State(app): State<SharedApp>,
    peer: Peer,
    FirstParty(fields): FirstParty,
) -> Result<Response> {
    let RequestPasswordReset { email } = RequestPasswordReset::read(fields)?;
    app.accounts().request_password_reset(&email, peer.address).await?;
    Ok(uncached(Reply::new(StatusCode::ACCEPTED, &Done { success: true, message: ASKED })?))
}

/// Gives whoever holds the token of a password reset another password, once. All sessions of the member end.
///
/// A token that was used, has run out or never was is 422 `invalid_token`, and counts as a failed login from this address.
#[utoipa::path(post, path = "/api/v1/password_resets/confirm", operation_id = "confirm_password_reset",
    request_body = ConfirmPasswordReset, responses((status = 200, description = "Changed.", body = Done)))]
pub async fn confirm(
    State(app): State<SharedApp>,
    peer: Peer,
    FirstParty(fields): FirstParty,
) -> Result<Response> {
    let ConfirmPasswordReset { token, password } = ConfirmPasswordReset::read(fields)?;
    app.accounts().confirm_password_reset(&token, &password, peer.address).await?;
    Ok(uncached(Reply::ok(&Done { success: true, message: "Password changed. Log in with it." })?))
}
