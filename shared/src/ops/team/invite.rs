//! Asking somebody in, and handing out ways to another password.

use super::{Issued, MAX_MEMBERS, check_groups, get, hands_on, sorted, wrong_state};
use crate::{
    accounts::email_taken,
    domain::{
        event::{EventType, Happened, Subject},
        org::{Role, User, UserStatus},
        principal::{Credential, Principal},
        ticket::{Place, Ticket, TicketKind},
    },
    error::{Error, ErrorKind, Result},
    ids::{GroupId, UserId},
    ops::{
        act::{Act, Refused},
        again::Again,
    },
    repo::{members, orgs},
};

/// Somebody to ask in.
#[derive(Debug, Clone)]
pub struct Invite {
    /// In its normal form.
    pub email: String,
    pub role: Role,
    pub name: Option<String>,
    /// None for all of them.
    pub groups: Vec<GroupId>,
}

/// Asks somebody to join. Its ticket ends with what he is to be, and with what `by` may do. Until the invitation is accepted nobody logs in with the address, and it is taken; an invitation that nobody can accept any more
/// gives it up to whoever is invited, or made, next.
///
/// # Errors
/// 403 `missing_scope` where the role may more than `by`; 409 `email_taken`; 422 with what is wrong with the groups, and
/// `too_many_members`.
pub async fn invite(act: &Act, by: &Principal, new: Invite) -> Result<Issued> {
    hands_on(by, new.role)?;
    let members = act.repos().members();
    check_groups(act, new.role, &new.groups).await?;
    if members.all().await?.len() >= MAX_MEMBERS {
        let message =
            format!("An organization has at most {MAX_MEMBERS} members, those who were invited among them.");
        return Err(Error::new(ErrorKind::Invalid, "too_many_members", message));
    }
    let user = User::new(act.app.id(), act.tenant, new.email, new.role, act.now);
    let (ticket, text) = issue(act, TicketKind::Invitation, user.id);
    let user = User {
        name: new.name,
        status: UserStatus::Invited,
        groups: sorted(new.groups),
        ticket: Some(ticket.clone()),
        ..user
    };
    let mut writes = members.insert(&user)?;
    writes.push(act.emit(user.happened(EventType::MemberInvited))?);
    let issued = Issued { user, ticket, text };
    match act.commit_authorized(writes.clone(), &issued).await {
        Ok(()) => return Ok(issued),
        Err(Refused::Write(orgs::EMAIL, _)) => {}
        Err(refused) => return Err(refused.into()),
    }
    let lapsed = orgs::lapsed(&*act.app.store, &issued.user.email, act.now).await?.ok_or_else(email_taken)?;
    let mut writes = orgs::take_over(writes, &lapsed)?;
    writes.push(act.app.accounts().lapsed(&lapsed)?);
    match act.commit_authorized(writes, &issued).await {
        Ok(()) => Ok(issued),
        Err(Refused::Write(orgs::EMAIL, _)) => Err(email_taken()),
        Err(refused) => Err(refused.into()),
    }
}

/// Makes a new invitation for somebody who has not accepted the one before, which ends.
pub async fn invite_again(act: &Act, by: &Principal, id: UserId) -> Result<Issued> {
    hand_out(act, by, id, TicketKind::Invitation).await
}

/// Makes a way for a member to choose another password. Until then the old one works.
pub async fn reset_password(act: &Act, by: &Principal, id: UserId) -> Result<Issued> {
    hand_out(act, by, id, TicketKind::PasswordReset).await
}

/// # Errors
/// 403 `missing_scope` where that account may more than `by`; 409 `already_joined`, `not_joined`.
async fn hand_out(act: &Act, by: &Principal, id: UserId, kind: TicketKind) -> Result<Issued> {
    let mut again = Again::new(&act.app, "a member");
    loop {
        let before = get(act, id).await?;
        hands_on(by, before.role)?;
        let expected = match kind {
            TicketKind::Invitation => UserStatus::Invited,
            TicketKind::PasswordReset => UserStatus::Active,
        };
        if before.status != expected {
            return Err(wrong_state(before.status));
        }
        let (ticket, text) = issue(act, kind, id);
        let user = User { ticket: Some(ticket.clone()), ..before.clone() };
        let event = match kind {
            TicketKind::Invitation => user.happened(EventType::MemberInvited),
            TicketKind::PasswordReset => {
                Happened::new(EventType::PasswordResetRequested, Subject::of("member", id))
            }
        };
        let writes = vec![members::change(&before, &user)?, act.emit(event)?];
        let issued = Issued { user, ticket, text };
        match act.commit_authorized(writes, &issued).await {
            Ok(()) => return Ok(issued),
            Err(refused) => again.after(refused).await?,
        }
    }
}

fn issue(act: &Act, kind: TicketKind, user_id: UserId) -> (Ticket, secrecy::SecretString) {
    let by = (act.credential != Credential::Operator).then_some(act.actor.user_id);
    Ticket::issue(Place { kind, tenant: act.tenant, user_id }, by, &*act.app.ids, act.now)
}
