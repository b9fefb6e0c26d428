//! The people of an organization: asking them in, changing what they may do, letting them go.
//!
//! Its one rule: an organization keeps somebody who can look after it. Whoever takes an admin away moves a mark on that whoever
//! does so at the same moment has to meet, and nobody gives to others what he lacks himself.

mod change;
mod invite;
mod remove;

use secrecy::{ExposeSecret, SecretString};

pub use change::{MemberPatch, told, update};
pub use invite::{Invite, invite, invite_again, reset_password};
pub use remove::remove;

use super::act::Act;
use crate::{
    domain::{
        api_key::Terms,
        org::{Role, User, UserStatus},
        principal::{Credential, Principal, covers},
        ticket::Ticket,
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::{GroupId, UserId},
    repo::pages::{Asked, Page},
};

/// People of an organization, those who were invited among them.
pub const MAX_MEMBERS: usize = 500;
/// Client groups that one of them may be bound to.
pub const MAX_GROUPS: usize = 50;

/// A ticket that was made for somebody. Its text is here and nowhere else.
#[derive(Debug)]
pub struct Issued {
    pub user: User,
    pub ticket: Ticket,
    pub text: SecretString,
}

impl Issued {
    /// The page that takes the text. It stands behind the `#`, which no browser sends and no log keeps.
    pub fn link(&self, public_url: &str) -> String {
        format!("{public_url}/join#{}", self.text.expose_secret())
    }
}

/// A page of the people, newest first.
pub async fn list(act: &Act, asked: Asked) -> Result<Page<User>> {
    Ok(act.repos().members().page(asked).await?)
}

pub async fn get(act: &Act, id: UserId) -> Result<User> {
    act.repos().members().get(id).await?.or_not_found("team member")
}

/// Whether somebody may make another what he is to be, or open a way into his account: an account of this role is a credential of
/// all its scopes, from anywhere and without an end.
fn hands_on(by: &Principal, role: Role) -> Result<()> {
    covers_role(by, role)?;
    if by.expires_at.is_none() && by.terms == Terms::default() {
        return Ok(());
    }
    let message = "An account lives longer, works from more places and more often than the key that asks.";
    Err(Error::new(ErrorKind::Forbidden, "wider_account", message))
}

/// Whether somebody may do anything to another of this role: who cannot do what a member can must not make less of him, and then
/// do as with one who is less.
fn covers_role(by: &Principal, role: Role) -> Result<()> {
    let scopes = role.scopes();
    let lacks: Vec<_> = scopes
        .iter()
        .filter(|scope| !by.scopes.iter().any(|held| covers(held, scope)))
        .map(String::as_str)
        .collect();
    let sees_all = by.reach.is_all() || by.credential == Credential::Operator;
    if lacks.is_empty() && sees_all {
        return Ok(());
    }
    let message = if lacks.is_empty() {
        "The credential that asks is bound to client groups, and nobody gives what he lacks.".to_owned()
    } else {
        format!(
            "The credential that asks lacks {} of the role {}, and nobody gives what he lacks.",
            lacks.join(", "),
            role.as_str()
        )
    };
    Err(Error::new(ErrorKind::Forbidden, "missing_scope", message))
}

/// Whether somebody of this role may be bound to these groups.
async fn check_groups(act: &Act, role: Role, groups: &[GroupId]) -> Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    if role == Role::Admin {
        return Err(Error::invalid("group_ids", "must be empty for an admin, who sees every client group"));
    }
    let there = act.repos().members().groups_among(&sorted(groups.to_vec())).await?;
    if groups.iter().all(|group| there.contains(group)) {
        return Ok(());
    }
    Err(Error::invalid("group_ids", "must be client groups of yours"))
}

/// Each once, as they are stored.
fn sorted(mut groups: Vec<GroupId>) -> Vec<GroupId> {
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The mark of the admins, where `after` takes an active one away; none where it does not.
///
/// # Errors
/// 422 `last_admin` where nobody would be left.
async fn mark_without(act: &Act, before: &User, after: Option<&User>) -> Result<Option<u64>> {
    if !before.is_active_admin() || after.is_some_and(User::is_active_admin) {
        return Ok(None);
    }
    let members = act.repos().members();
    // The mark first: what moved it on afterwards shows when it is written.
    let mark = members.mark().await?;
    let all = members.all().await?;
    if all.iter().any(|other| other.id != before.id && other.is_active_admin()) {
        return Ok(Some(mark));
    }
    let problem = "is that of the last admin: make somebody else one before this one goes";
    Err(Error::invalid("role", problem).coded("last_admin"))
}

fn wrong_state(status: UserStatus) -> Error {
    let (code, message) = match status {
        UserStatus::Active => ("already_joined", "This member has joined already."),
        UserStatus::Invited => {
            ("not_joined", "This member has not accepted the invitation yet. Invite again.")
        }
    };
    Error::new(ErrorKind::WrongState, code, message)
}
