use axum::{extract::State, response::Response};
use serde::Serialize;
use shared::{
    app::SharedApp,
    domain::ticket::MAX_TICKET,
    error::Result,
    http::{
        first_party::FirstParty,
        input::{Secret, Text},
        member::MemberOut,
        peer::Peer,
        reply::Reply,
    },
};
use utoipa::ToSchema;

use crate::{password::NewPassword, wire::uncached};

shared::input! {
    /// What makes a member of whoever was invited.
    pub closed struct AcceptInvitation {
        #[example("btn_invitation_7_8_0123456789abcdefghijABCDEFGHIJ")]
        token: Secret<MAX_TICKET>,
        /// At least eight characters.
        #[example("correct horse battery")]
        password: NewPassword,
        /// What to call the member, instead of what the invitation says.
        #[example("Jane Doe")]
        name: Option<Text<100>>,
    }
}

/// The invitation is accepted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AcceptedInvitation)]
pub struct Accepted {
    team_member: MemberOut,
}

/// Accepts an invitation, once: its holder is a member from now on, and may log in with this password.
///
/// A token that was used, has run out or never was is 422 `invalid_token`, and counts as a failed login from this address. As a login,
/// it is not taken from a page of another site.
#[utoipa::path(post, path = "/api/v1/invitations/accept", operation_id = "accept_invitation",
    request_body = AcceptInvitation, responses((status = 200, description = "Joined.", body = Accepted)))]
pub async fn handler(
    State(app): State<SharedApp>,
    peer: Peer,
    FirstParty(fields): FirstParty,
) -> Result<Response> {
    let AcceptInvitation { token, password, name } = AcceptInvitation::read(fields)?;
    let user = app.accounts().accept_invitation(&token, &password, name, peer.address).await?;
    Ok(uncached(Reply::ok(&Accepted { team_member: MemberOut::of(&user) })?))
}
