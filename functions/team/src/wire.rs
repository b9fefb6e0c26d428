//! What callers see when a ticket was made for somebody.

use secrecy::ExposeSecret;
use serde::Serialize;
use shared::{
    clock,
    domain::ticket::TicketKind,
    error::Result,
    http::{member::MemberOut, reply::Reply},
    ops::team::Issued,
};
use utoipa::ToSchema;

/// What is handed to the member, and to nobody else.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub struct TicketOut {
    /// Good once; null in the repeat of an answer under its `Idempotency-Key`.
    #[schema(example = "btn_invitation_7_8_0123456789abcdefghijABCDEFGHIJ")]
    token: Option<String>,
    /// A page that takes the token; null where Baton does not know its own address (`BATON_PUBLIC_URL`).
    #[schema(example = "https://baton.example.com/join#btn_invitation_7_8_0123456789abcdefghijABCDEFGHIJ")]
    url: Option<String>,
    #[schema(example = "2026-04-09T12:00:00Z")]
    expires_at: String,
}

/// A member who was invited.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvitedTeamMember)]
pub struct InvitedOut {
    #[serde(flatten)]
    member: MemberOut,
    invitation: TicketOut,
    #[schema(example = "Hand the invitation on now: it is not shown again.")]
    message: &'static str,
}

/// A member who may choose another password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamMemberWithReset)]
pub struct ResetOut {
    #[serde(flatten)]
    member: MemberOut,
    password_reset: TicketOut,
    #[schema(example = "Hand the link on now: it is not shown again.")]
    message: &'static str,
}

const WAS_SHOWN: &str = "It was made before, and shown then. Make another if it was lost.";

/// Replies with a ticket, once: a repeat under the same `Idempotency-Key` tells for whom, and not what.
pub fn shown_once(issued: &Issued, public_url: Option<&str>) -> Result<Reply> {
    match issued.ticket.kind {
        TicketKind::Invitation => {
            let out =
                |invitation, message| InvitedOut { member: MemberOut::of(&issued.user), invitation, message };
            let now =
                out(TicketOut::of(issued, public_url), "Hand the invitation on now: it is not shown again.");
            Reply::created(&now)?.shown_once(&out(TicketOut::hidden(issued), WAS_SHOWN))
        }
        TicketKind::PasswordReset => {
            let out = |password_reset, message| ResetOut {
                member: MemberOut::of(&issued.user),
                password_reset,
                message,
            };
            let now = out(TicketOut::of(issued, public_url), "Hand the link on now: it is not shown again.");
            Reply::created(&now)?.shown_once(&out(TicketOut::hidden(issued), WAS_SHOWN))
        }
    }
}

impl TicketOut {
    fn of(issued: &Issued, public_url: Option<&str>) -> Self {
        let token = issued.text.expose_secret().to_owned();
        let url = public_url.map(|base| issued.link(base));
        Self { token: Some(token), url, ..Self::hidden(issued) }
    }

    fn hidden(issued: &Issued) -> Self {
        Self { token: None, url: None, expires_at: clock::iso(issued.ticket.expires_at) }
    }
}
