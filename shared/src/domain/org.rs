//! Organizations, their users and their client groups.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    domain::{
        api_key::KeyHash,
        event::{EventType, Happened, Subject},
        plan::Plan,
        principal::covers,
        reach::Reach,
        ticket::Ticket,
    },
    ids::{GroupId, UserId},
    tenant::TenantId,
};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    pub id: TenantId,
    pub name: String,
    pub created_at: Millis,
    /// What dialect B allows it; none for the plan that the house gives to whoever has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Whether who logs in must have a second factor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second_factor_required: bool,
    #[serde(default, skip_serializing_if = "Billing::is_empty")]
    pub billing: Billing,
    /// Counts its changes.
    #[serde(default)]
    pub v: u64,
}

impl Organization {
    /// Somebody new, with nothing but a name.
    pub fn new(id: TenantId, name: String, created_at: Millis) -> Self {
        Self {
            id,
            name,
            created_at,
            plan: None,
            second_factor_required: false,
            billing: Billing::default(),
            v: 1,
        }
    }
}

/// Whom bills go to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Billing {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
}

impl Billing {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A person inside an organization. The user name is the e-mail address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub tenant: TenantId,
    pub email: String,
    /// What to call this person, who may not have said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub role: Role,
    #[serde(default)]
    pub status: UserStatus,
    /// argon2id, PHC string; empty until an invitation is accepted.
    pub password_hash: String,
    pub created_at: Millis,
    /// The client groups that this person is bound to: sees and changes nothing of any other. Empty for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// Groups that were deleted lately, for sessions and keys that were made before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
    /// Groups that he was bound to when they were deleted: what is told of them stays in his reach. The newest of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<GroupId>,
    /// Counts what ended all sessions so far, such as a new password: a session of an earlier generation is over.
    #[serde(default)]
    pub generation: u64,
    /// The personal key, which its owner may see redacted, copy once and regenerate. Other keys are made by operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<KeyHash>,
    /// The invitation that was not accepted yet, or the way to another password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// Whether a login asks for more than the password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second_factor: bool,
}

impl User {
    /// Somebody new, who has no key yet and is bound to no group.
    pub fn new(id: UserId, tenant: TenantId, email: String, role: Role, created_at: Millis) -> Self {
        Self {
            id,
            tenant,
            email,
            name: None,
            role,
            status: UserStatus::Active,
            password_hash: String::new(),
            created_at,
            groups: Vec::new(),
            moved: Vec::new(),
            former: Vec::new(),
            generation: 0,
            api_key: None,
            ticket: None,
            second_factor: false,
        }
    }

    /// Whether it is one of those without whom nobody could look after the organization.
    pub fn is_active_admin(&self) -> bool {
        // One that is bound to groups, as the command line once let be, has no say in what is the organization's.
        self.role == Role::Admin && self.status == UserStatus::Active && self.groups.is_empty()
    }
}

impl User {
    /// The client groups that he sees.
    pub fn reach(&self) -> Reach {
        Reach::with_former(&self.groups, &self.former)
    }

    /// That something became of this person.
    pub fn happened(&self, kind: EventType) -> Happened {
        Happened::new(kind, Subject::of("member", self.id))
            .with("email", self.email.as_str())
            .with("role", self.role.as_str())
            .bound_to(&self.groups)
    }

    /// Whether this is somebody who was invited and cannot come any more, unless he is invited again.
    pub fn has_lapsed(&self, now: Millis) -> bool {
        self.status == UserStatus::Invited && self.ticket.as_ref().is_none_or(|ticket| ticket.is_over(now))
    }

    /// Whether this person, as he is now, may do and see all that another may: whoever may not opens no way into that account.
    pub fn covers(&self, other: &Self) -> bool {
        let held = self.role.scopes();
        let does = other.role.scopes().iter().all(|scope| held.iter().any(|held| covers(held, scope)));
        let sees = Reach::of(&self.groups);
        let all_seen = match other.groups.as_slice() {
            [] => sees.is_all(),
            groups => groups.iter().all(|group| sees.covers(*group)),
        };
        self.status == UserStatus::Active && does && all_seen
    }

    /// The client group that one of a session or a key of this person is now.
    pub fn group_now(&self, group: GroupId) -> GroupId {
        // One that its own heir was deleted after has the heir's.
        self.moved.iter().fold(group, |now, moved| if moved.from == now { moved.to } else { now })
    }
}

/// Whether a person has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// Asked to come, and cannot log in yet.
    Invited,
    #[default]
    Active,
}

impl UserStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
        }
    }
}

/// What a user may do in the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything but the organization's accounts.
    Editor,
    /// Reads.
    Viewer,
    /// Reads, and decides.
    Approver,
}

impl Role {
    pub const WORDS: &'static [&'static str] = &["admin", "editor", "viewer", "approver"];
    pub const ALL: [Self; 4] = [Self::Admin, Self::Editor, Self::Viewer, Self::Approver];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Viewer => "viewer",
            Self::Approver => "approver",
        }
    }

    /// The scopes of whoever acts in this role. Named by action and not by resource, so that a new resource is open to
    /// the roles that should have it; what is only for admins has an action of its own, such as `manage`.
    pub fn scopes(self) -> Vec<String> {
        let scopes: &[&str] = match self {
            Self::Admin => &["*"],
            Self::Editor => &["*:read", "*:write", "*:execute", "*:decide"],
            Self::Viewer => &["*:read"],
            Self::Approver => &["*:read", "reviews:decide"],
        };
        scopes.iter().map(|&scope| scope.into()).collect()
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of admin, editor, viewer, approver")]
pub struct UnknownRole;

/// A client group: the sub-scope in which an agency keeps one client's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub created_at: Millis,
    /// It is being deleted: nothing new comes into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<Leaving>,
    /// Counts its changes.
    #[serde(default)]
    pub v: u64,
}

/// What becomes of a client group that is being deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Where what lies in it goes.
    pub to: GroupId,
    pub since: Millis,
    /// Whether something was in it then, so that it is shown until that has moved.
    pub shown: bool,
}

/// What of a person's lay in a client group that was deleted lies in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub from: GroupId,
    pub to: GroupId,
    pub at: Millis,
}

impl Group {
    pub fn new(id: GroupId, name: String, created_at: Millis) -> Self {
        Self { id, name, created_at, leaving: None, v: 1 }
    }

    /// Whether something may be put into it.
    pub fn is_open(&self) -> bool {
        self.leaving.is_none()
    }

    /// Whether people see it: one that was empty when it was deleted is gone for them at once.
    pub fn is_shown(&self) -> bool {
        self.leaving.is_none_or(|leaving| leaving.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EntityId, Id};

    #[test]
    fn each_role_reads_back() {
        assert_eq!(Role::ALL.map(Role::as_str), Role::WORDS);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!("owner".parse::<Role>(), Err(UnknownRole));
    }

    #[test]
    fn who_may_less_or_is_not_here_covers_nobody_who_may_more() {
        let id = |n| Id::from_u64(n).unwrap();
        let of = |role, groups: &[u64]| User {
            groups: groups.iter().map(|n| GroupId::of(id(*n))).collect(),
            ..User::new(UserId::of(id(8)), TenantId(7), "a@acme.example".into(), role, Millis(0))
        };
        for (one, other, expected) in [
            (of(Role::Admin, &[]), of(Role::Admin, &[]), true),
            (of(Role::Admin, &[]), of(Role::Viewer, &[3]), true),
            (of(Role::Editor, &[]), of(Role::Admin, &[]), false),
            (of(Role::Viewer, &[]), of(Role::Approver, &[]), false),
            (of(Role::Admin, &[3]), of(Role::Viewer, &[]), false),
            (of(Role::Editor, &[3]), of(Role::Viewer, &[3]), true),
            (of(Role::Editor, &[3]), of(Role::Viewer, &[3, 4]), false),
        ] {
            assert_eq!(one.covers(&other), expected, "{one:?} {other:?}");
        }
        let invited = User { status: UserStatus::Invited, ..of(Role::Admin, &[]) };
        assert!(!invited.covers(&of(Role::Viewer, &[])));
    }

    #[test]
    fn a_role_allows_what_it_is_for() {
        let may = |role: Role, scope: &str| role.scopes().iter().any(|held| covers(held, scope));
        for (scope, roles) in [
            ("payloads:read", &Role::ALL[..]),
            ("payloads:write", &[Role::Admin, Role::Editor]),
            ("workflows:execute", &[Role::Admin, Role::Editor]),
            ("reviews:decide", &[Role::Admin, Role::Editor, Role::Approver]),
            ("accounts:manage", &[Role::Admin]),
        ] {
            for role in Role::ALL {
                assert_eq!(may(role, scope), roles.contains(&role), "{role:?} {scope}");
            }
        }
    }
}
