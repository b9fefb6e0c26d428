//! The organization itself, as its people see and change it.
//!
//! Its one rule: nobody gives himself a plan. [`set_plan`] is for the operator, who knows what is paid.

use futures::future::try_join;

use super::{act::Act, again::Again};
use crate::{
    domain::{
        event::{EventType, Happened, Subject},
        org::{Billing, Organization},
        plan::Plan,
    },
    error::{Error, Result},
    ids::Id,
    rate,
    repo::orgs,
};

/// The organization, with the plan that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    pub organization: Organization,
    pub plan: Plan,
}

/// The account as bills see it.
#[derive(Debug, Clone)]
pub struct Billed {
    pub account: Account,
    /// Requests of dialect B on this day, those included that are set aside for instances which are about to let them in.
    pub requests_today: u32,
}

/// What to change of an organization; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    pub second_factor_required: Option<bool>,
}

/// What to change of where bills go; what is none stays, and an empty text takes it away.
#[derive(Debug, Clone, Default)]
pub struct BillingChange {
    pub email: Option<String>,
    pub company: Option<String>,
    pub address: Option<String>,
    pub tax_id: Option<String>,
}

impl Account {
    fn new(organization: Organization, act: &Act) -> Self {
        let plan = organization.plan.unwrap_or(act.app.settings.default_plan);
        Self { organization, plan }
    }
}

/// The actor's organization.
pub async fn get(act: &Act) -> Result<Account> {
    Ok(Account::new(organization(act).await?, act))
}

/// The same with what was used of the plan.
pub async fn billing(act: &Act) -> Result<Billed> {
    let (account, requests_today) = try_join(get(act), used_today(act)).await?;
    Ok(Billed { account, requests_today })
}

/// Changes the name, or what is asked of its people.
pub async fn update(act: &Act, change: Change) -> Result<Account> {
    replaced(act, |before| Organization {
        name: change.name.clone().unwrap_or_else(|| before.name.clone()),
        second_factor_required: change.second_factor_required.unwrap_or(before.second_factor_required),
        ..before.clone()
    })
    .await
}

/// Changes whom bills go to.
pub async fn update_billing(act: &Act, change: BillingChange) -> Result<Billed> {
    let set = |new: &Option<String>, stands: &Option<String>| match new {
        Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        None => stands.clone(),
    };
    let account = replaced(act, |before| {
        let stands = &before.billing;
        let billing = Billing {
            email: set(&change.email, &stands.email),
            company: set(&change.company, &stands.company),
            address: set(&change.address, &stands.address),
            tax_id: set(&change.tax_id, &stands.tax_id),
        };
        Organization { billing, ..before.clone() }
    });
    let (account, requests_today) = try_join(account, used_today(act)).await?;
    Ok(Billed { account, requests_today })
}

/// Gives the organization a plan. Other instances follow within a minute.
pub async fn set_plan(act: &Act, plan: Plan) -> Result<Account> {
    replaced(act, |before| Organization { plan: Some(plan), ..before.clone() }).await
}

async fn used_today(act: &Act) -> Result<u32> {
    rate::used_today(&*act.app.store, act.tenant, act.now).await
}

async fn organization(act: &Act) -> Result<Organization> {
    let organization = orgs::organization(&*act.app.store, act.tenant).await?;
    organization.ok_or_else(|| Error::internal("an organization without its item"))
}

/// Replaces the organization by what `change` makes of it, however it stands then. Where that is the same, nothing is written.
async fn replaced(act: &Act, change: impl Fn(&Organization) -> Organization) -> Result<Account> {
    let mut again = Again::new(&act.app, "the organization");
    let mut written = None;
    loop {
        let before = organization(act).await?;
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        if written.as_ref() == Some(&before) {
            return Ok(Account::new(before, act));
        }
        let after = Organization { v: before.v + 1, ..change(&before) };
        let changed = changed(&before, &after);
        let account = Account::new(after.clone(), act);
        if changed.is_empty() {
            return Ok(Account::new(before, act));
        }
        let event = Happened::new(EventType::OrganizationUpdated, Subject::of("organization", subject(act)))
            .with_words("changed", changed)
            .with_some(
                "second_factor_required",
                (after.second_factor_required != before.second_factor_required)
                    .then_some(after.second_factor_required),
            )
            .with_some("plan", after.plan.filter(|plan| before.plan != Some(*plan)).map(Plan::as_str));
        let writes = vec![orgs::replace(&before, &after)?, act.emit(event)?];
        match act.commit_authorized(writes, &account).await {
            Ok(()) => {
                act.app.plans.forget(&act.tenant);
                return Ok(account);
            }
            Err(refused) => again.after(refused).await?,
        }
        written = Some(after);
    }
}

/// A tenant's number is the id of its organization.
fn subject(act: &Act) -> Id {
    Id::from_u64(act.tenant.0).unwrap_or(Id::SMALLEST)
}

/// The fields that differ, by the names that they have outside.
fn changed(before: &Organization, after: &Organization) -> Vec<&'static str> {
    let (old, new) = (&before.billing, &after.billing);
    let fields = [
        ("name", before.name != after.name),
        ("plan", before.plan != after.plan),
        ("second_factor_required", before.second_factor_required != after.second_factor_required),
        ("billing_email", old.email != new.email),
        ("company", old.company != new.company),
        ("address", old.address != new.address),
        ("tax_id", old.tax_id != new.tax_id),
    ];
    fields.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}
