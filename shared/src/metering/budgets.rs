//! What counts against a budget.

use crate::{
    domain::{
        budget::{Scope, Window},
        usage::Totals,
    },
    repo::usage::{Spending, UsageLog},
    store::{Store, StoreError},
    tenant::TenantId,
};

/// What a scope has spent in a window.
pub async fn spent(
    store: &dyn Store,
    tenant: TenantId,
    scope: &Scope,
    window: &Window,
) -> Result<Totals, StoreError> {
    let spending = Spending { store, tenant };
    Ok(match scope {
        Scope::Organization => spending.between(window.from, window.to, None).await?,
        Scope::Group(group) => spending.between(window.from, window.to, Some(*group)).await?,
        Scope::Workflow(workflow_id) => {
            let models =
                UsageLog { store, tenant, workflow_id }.totals_between(window.from, window.to).await?;
            models.iter().fold(Totals::default(), |sum, model| sum.plus(model.totals))
        }
    })
}
