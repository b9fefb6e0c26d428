//! What callers see of their organization.

use serde::Serialize;
use shared::{clock, ops::account::Account};
use utoipa::ToSchema;

/// The organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountOut {
    #[schema(example = 7)]
    id: u64,
    #[schema(example = "Acme Agency")]
    name: String,
    /// `free`, `starter`, `pro`, `business` or `unlimited`: how many requests of dialect B it may send.
    #[schema(example = "business")]
    plan: &'static str,
    /// Whether who logs in must have a second factor.
    #[schema(example = false)]
    second_factor_required: bool,
    #[schema(example = "2026-04-02T12:00:00Z")]
    created_at: String,
}

impl AccountOut {
    pub fn new(Account { organization, plan }: &Account) -> Self {
        Self {
            id: organization.id.0,
            name: organization.name.clone(),
            plan: plan.as_str(),
            second_factor_required: organization.second_factor_required,
            created_at: clock::iso(organization.created_at),
        }
    }
}
