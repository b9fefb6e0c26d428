//! What callers see of a person of their organization.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock,
    domain::org::User,
    ids::{GroupId, UserId},
};

/// A person of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamMember)]
pub struct MemberOut {
    #[schema(value_type = u64, example = 8)]
    id: UserId,
    #[schema(example = "jane.doe@example.com")]
    email: String,
    #[schema(example = "Jane Doe")]
    name: Option<String>,
    /// `admin`, `editor`, `viewer` or `approver`.
    #[schema(example = "editor")]
    role: &'static str,
    /// `invited` until the invitation is accepted, then `active`.
    #[schema(example = "active")]
    status: &'static str,
    /// The client groups that the member sees; empty for all of them.
    #[schema(value_type = Vec<u64>)]
    group_ids: Vec<GroupId>,
    /// Whether a login asks for more than the password.
    second_factor: bool,
    #[schema(example = "2026-04-02T12:00:00Z")]
    created_at: String,
}

impl MemberOut {
    pub fn of(user: &User) -> Self {
        Self {
            id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            role: user.role.as_str(),
            status: user.status.as_str(),
            group_ids: user.groups.clone(),
            second_factor: user.second_factor,
            created_at: clock::iso(user.created_at),
        }
    }
}
