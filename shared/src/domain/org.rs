//! Organizations, their users and their client groups.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    domain::api_key::KeyHash,
    ids::{GroupId, UserId},
    tenant::TenantId,
};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    pub id: TenantId,
    pub name: String,
    pub created_at: Millis,
}

/// A person inside an organization. The user name is the e-mail address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub tenant: TenantId,
    pub email: String,
    pub role: Role,
    /// argon2id, PHC string.
    pub password_hash: String,
    pub created_at: Millis,
    /// Counts what ended all sessions so far, such as a new password: a session of an earlier generation is over.
    #[serde(default)]
    pub generation: u64,
    /// The personal key, which its owner may see redacted, copy once and regenerate. Other keys are made by operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<KeyHash>,
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::covers;

    #[test]
    fn each_role_reads_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
        assert_eq!("owner".parse::<Role>(), Err(UnknownRole));
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
