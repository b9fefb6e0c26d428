//! What counts against budgets.
//!
//! Its one rule: a sum is read once, however many budgets ask for it.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, future::try_join, stream};

use crate::{
    domain::{
        budget::{Scope, Window},
        reach,
        usage::Totals,
    },
    ids::GroupId,
    repo::usage::{Spending, UsageLog},
    store::{Store, StoreError},
    tenant::TenantId,
};

/// Sums that are read side by side.
const AT_ONCE: usize = 16;

/// What the scopes of a tenant have spent, as far as it was read.
pub struct Spent<'a> {
    store: &'a dyn Store,
    tenant: TenantId,
    groups: BTreeMap<Window, BTreeMap<Option<GroupId>, Totals>>,
    workflows: BTreeMap<(String, Window), Totals>,
}

impl<'a> Spent<'a> {
    pub fn new(store: &'a dyn Store, tenant: TenantId) -> Self {
        Self { store, tenant, groups: BTreeMap::new(), workflows: BTreeMap::new() }
    }

    /// Reads what [`Self::of`] is to be asked, unless it was read before.
    pub async fn read<'b>(
        &mut self,
        asked: impl IntoIterator<Item = (&'b Scope, Window)>,
    ) -> Result<(), StoreError> {
        let (mut windows, mut workflows) = (BTreeSet::new(), BTreeSet::new());
        for (scope, window) in asked {
            match scope {
                Scope::Organization | Scope::Group(_) => windows.insert(window),
                Scope::Workflow(workflow) => workflows.insert((workflow.clone(), window)),
            };
        }
        windows.retain(|window| !self.groups.contains_key(window));
        workflows.retain(|asked| !self.workflows.contains_key(asked));
        let (store, tenant) = (self.store, self.tenant);
        let groups = stream::iter(windows)
            .map(async |window| {
                let groups = Spending { store, tenant }.by_group(window.from, window.to).await?;
                Ok::<_, StoreError>((window, groups))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>();
        let workflows = stream::iter(workflows)
            .map(async |(workflow, window)| {
                let log = UsageLog { store, tenant, workflow_id: &workflow, reach: &reach::ALL };
                let models = log.totals_between(window.from, window.to).await?;
                let sum = models.iter().fold(Totals::default(), |sum, model| sum.plus(model.totals));
                Ok::<_, StoreError>(((workflow, window), sum))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>();
        let (groups, workflows) = try_join(groups, workflows).await?;
        self.groups.extend(groups);
        self.workflows.extend(workflows);
        Ok(())
    }

    /// What a scope has spent in a window; nothing of what was not read.
    pub fn of(&self, scope: &Scope, window: &Window) -> Totals {
        let groups = || self.groups.get(window);
        let spent = match scope {
            Scope::Organization => {
                groups().map(|groups| groups.values().fold(Totals::default(), |sum, group| sum.plus(*group)))
            }
            Scope::Group(group) => groups().and_then(|groups| groups.get(&Some(*group)).copied()),
            Scope::Workflow(workflow) => self.workflows.get(&(workflow.clone(), window.clone())).copied(),
        };
        spent.unwrap_or_default()
    }
}
