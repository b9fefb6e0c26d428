//! The client groups of the organization.

pub mod create;
pub mod delete;
pub mod list;
pub mod update;

use serde::Serialize;
use shared::{clock, domain::org::Group, ids::GroupId};
use utoipa::ToSchema;

/// Longest name.
pub const NAME: usize = 200;

/// One client group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientGroup)]
pub struct GroupOut {
    #[schema(value_type = u64, example = 7)]
    id: GroupId,
    #[schema(example = "Northwind")]
    name: String,
    /// `active`, or `moving` while what lies in it goes to another, after which it is gone.
    #[schema(example = "active")]
    status: &'static str,
    /// Where that goes.
    #[schema(value_type = Option<u64>)]
    moving_to: Option<GroupId>,
    #[schema(example = "2026-04-02T12:00:00Z")]
    created_at: String,
}

impl From<&Group> for GroupOut {
    fn from(group: &Group) -> Self {
        Self {
            id: group.id,
            name: group.name.clone(),
            status: if group.is_open() { "active" } else { "moving" },
            moving_to: group.leaving.map(|leaving| leaving.to),
            created_at: clock::iso(group.created_at),
        }
    }
}

/// The group as it stands now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangedGroup)]
pub struct Done {
    success: bool,
    group: GroupOut,
    #[schema(example = "Group created successfully.")]
    message: &'static str,
}

impl Done {
    fn new(group: &Group, message: &'static str) -> Self {
        Self { success: true, group: group.into(), message }
    }
}
