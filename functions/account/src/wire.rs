//! What callers see of their organization.

use serde::Serialize;
use shared::{
    clock,
    ops::account::{Account, Billed},
};
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

/// The plan, and whom bills go to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Billing)]
pub struct BillingOut {
    /// `free`, `starter`, `pro`, `business` or `unlimited`. The operator of this Baton changes it.
    #[schema(example = "business")]
    plan: &'static str,
    /// `active`: nothing is charged through Baton yet.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(example = "billing@example.com")]
    billing_email: Option<String>,
    #[schema(example = "Acme Agency Ltd.")]
    company: Option<String>,
    #[schema(example = "1 High Street, London")]
    address: Option<String>,
    #[schema(example = "GB123456789")]
    tax_id: Option<String>,
    usage: UsageOut,
    limits: LimitsOut,
}

/// What was used of the plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanUsage)]
pub struct UsageOut {
    /// Requests of dialect B on this day, by UTC; those that servers have set aside for requests to come are among them.
    #[schema(example = 1204)]
    requests_today: u32,
}

/// What the plan allows of dialect B.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanLimits)]
pub struct LimitsOut {
    /// Requests in each minute of the clock; null for no limit.
    #[schema(example = 600)]
    per_minute: Option<u32>,
    /// Requests on each day, by UTC; null for no limit.
    #[schema(example = 200_000)]
    per_day: Option<u32>,
}

impl BillingOut {
    pub fn new(Billed { account, requests_today }: &Billed) -> Self {
        let (billing, allowance) = (account.organization.billing.clone(), account.plan.allowance());
        Self {
            plan: account.plan.as_str(),
            status: "active",
            billing_email: billing.email,
            company: billing.company,
            address: billing.address,
            tax_id: billing.tax_id,
            usage: UsageOut { requests_today: *requests_today },
            limits: LimitsOut {
                per_minute: allowance.map(|allowance| allowance.a_minute),
                per_day: allowance.map(|allowance| allowance.a_day),
            },
        }
    }
}
