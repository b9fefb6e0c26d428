//! The organization itself, as its people see and change it.
//!
//! Its one rule: nothing here changes the plan. It is the operator's, who knows what is paid.

use super::act::Act;
use crate::{
    domain::{org::Organization, plan::Plan},
    error::{Error, Result},
    repo::orgs,
};

/// The organization, with the plan that counts.
#[derive(Debug, Clone)]
pub struct Account {
    pub organization: Organization,
    pub plan: Plan,
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

async fn organization(act: &Act) -> Result<Organization> {
    let organization = orgs::organization(&*act.app.store, act.tenant).await?;
    organization.ok_or_else(|| Error::internal("an organization without its item"))
}
