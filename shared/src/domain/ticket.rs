//! Tickets: what somebody is handed who cannot log in yet, or not any more, and who then chooses a password.
//!
//! Its one rule: a ticket is good while the record of its user says so. There is one for each user; a new one ends the one before,
//! a new password ends it, and it ends with its user, with what its user was to be, and with whoever made it. Its text is in one reply, and only the hash of it is kept.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::api_key::hex;
use crate::{
    clock::Millis,
    ids::{EntityId, Id, Ids, UserId},
    tenant::TenantId,
};

/// Characters of base 62: 178 bits.
const SECRET_CHARS: usize = 30;
/// Longest text that is looked at.
pub const MAX_TICKET: usize = 100;

/// What a ticket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketKind {
    /// To join the organization.
    Invitation,
    /// To have another password.
    PasswordReset,
}

impl TicketKind {
    const ALL: [Self; 2] = [Self::Invitation, Self::PasswordReset];

    /// How long it is good.
    pub fn life(self) -> Duration {
        match self {
            Self::Invitation => Duration::from_secs(7 * 24 * 3_600),
            Self::PasswordReset => Duration::from_secs(3_600),
        }
    }

    /// What its text begins with, so that secret scanners recognise it.
    fn prefix(self) -> &'static str {
        match self {
            Self::Invitation => "btn_invitation_",
            Self::PasswordReset => "btn_reset_",
        }
    }
}

/// What is kept of a ticket, in the record of its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub kind: TicketKind,
    /// SHA-256 of the text: that suffices where what is hashed has 178 random bits.
    pub hash: String,
    pub expires_at: Millis,
    /// Who opened this way into the account: what he could not do any more, whoever holds the ticket cannot. None for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<UserId>,
}

/// Whose a ticket says that it is. Nothing that is found there may be believed before [`Ticket::opens`] has seen the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub kind: TicketKind,
    pub tenant: TenantId,
    pub user_id: UserId,
}

impl Ticket {
    /// A new one that somebody makes, and its text.
    pub fn issue(place: Place, made_by: Option<UserId>, ids: &dyn Ids, now: Millis) -> (Self, SecretString) {
        let Place { kind, tenant, user_id } = place;
        let text = format!("{}{tenant}_{user_id}_{}", kind.prefix(), ids.secret(SECRET_CHARS));
        let ticket = Self { kind, hash: hash(&text), expires_at: now.plus(kind.life()), made_by };
        (ticket, text.into())
    }

    /// Whether its time has passed.
    pub fn is_over(&self, now: Millis) -> bool {
        now >= self.expires_at
    }

    /// Whether this is its text, for what it is wanted, and in time.
    pub fn opens(&self, kind: TicketKind, text: &SecretString, now: Millis) -> bool {
        self.kind == kind && !self.is_over(now) && self.hash == hash(text.expose_secret())
    }
}

/// Whose ticket a text says it is; none where it cannot be one of this kind.
pub fn place(kind: TicketKind, text: &SecretString) -> Option<Place> {
    let text = text.expose_secret();
    let found = TicketKind::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))?;
    let mut parts = text.strip_prefix(kind.prefix())?.split('_');
    let tenant = parts.next()?.parse().ok()?;
    let user_id = UserId::of(parts.next()?.parse::<Id>().ok()?);
    let secret = parts.next()?;
    let whole = found == kind && secret.len() == SECRET_CHARS && parts.next().is_none();
    whole.then_some(Place { kind, tenant, user_id })
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SystemIds;

    #[test]
    fn a_ticket_opens_for_what_it_was_made_for_until_it_runs_out() {
        let place_of = |kind| Place { kind, tenant: TenantId(7), user_id: UserId::from_u64(8).unwrap() };
        let now = Millis(1_000);
        for kind in TicketKind::ALL {
            let (ticket, text) = Ticket::issue(place_of(kind), None, &SystemIds::default(), now);
            assert_eq!(place(kind, &text), Some(place_of(kind)));
            assert!(text.expose_secret().len() <= MAX_TICKET);
            let last = Millis(ticket.expires_at.0 - 1);
            assert!(ticket.opens(kind, &text, now) && ticket.opens(kind, &text, last));
            assert!(!ticket.opens(kind, &text, ticket.expires_at));
            let other = TicketKind::ALL.into_iter().find(|other| *other != kind).unwrap();
            assert_eq!((place(other, &text), ticket.opens(other, &text, now)), (None, false));
            let (_, guessed) = Ticket::issue(place_of(kind), None, &SystemIds::default(), now);
            assert!(!ticket.opens(kind, &guessed, now));
        }
    }

    #[test]
    fn what_is_no_ticket_names_nobody() {
        let secret = "s".repeat(SECRET_CHARS);
        for text in [
            String::new(),
            "btn_invitation_".into(),
            format!("btn_invitation_7_8_{secret}x"),
            format!("btn_invitation_7_8_{secret}_"),
            format!("btn_invitation_07_8_{secret}"),
            format!("btn_invitation_7_0_{secret}"),
            format!("btn_reset_7_8_{secret}"),
            format!("7_8_{secret}"),
        ] {
            assert_eq!(place(TicketKind::Invitation, &text.clone().into()), None, "{text}");
        }
    }
}
