//! Alerts.
//!
//! "Which rules are there?" → one item that holds them all, because every execution asks. "How does this workflow do?" → one
//! item beside its node, which owes the next look at it. "Which workflows are not well, and by which rules?" → one partition
//! that holds only those, by rule.

use serde::{Deserialize, Serialize};

use super::{
    due::Owing,
    entity::{Entity, Place, Single},
    table::Table,
};
use crate::{
    clock::Millis,
    domain::alert::{Firing, Rules, Vitals},
    ids::{AlertId, InstallationId, Nid},
    queue::TaskKind,
    store::{Key, Label, Query, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// Workflows that are shown as not well, at the most.
pub const MAX_SHOWN: usize = 1000;

/// Label of the write that says how a workflow does.
pub const VITALS: Label = "vitals";

const FIRING: &str = "alert-firing";

/// The alerts of one tenant.
#[derive(Clone, Copy)]
pub struct Alerts<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

/// A workflow that is not well by a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwell {
    pub nid: Nid,
    pub installation_id: InstallationId,
    pub workflow_id: String,
    #[serde(flatten)]
    pub firing: Firing,
}

impl Entity for Rules {
    type Id = ();
    const KIND: Label = "alert-rules";

    fn place((): &()) -> Place {
        Place::alone(Self::KIND)
    }

    fn id(&self) {}

    fn version(&self) -> u64 {
        self.v
    }
}

impl Single for Rules {
    const MAX_BYTES: usize = 128 * 1024;
}

impl Entity for Vitals {
    type Id = Nid;
    const KIND: Label = VITALS;
    const TASK: Option<TaskKind> = Some(TaskKind::WatchWorkflow);

    fn place(nid: &Nid) -> Place {
        Place::alone(format!("vitals#{nid}"))
    }

    fn id(&self) -> Nid {
        self.nid
    }

    fn version(&self) -> u64 {
        self.v
    }
}

impl Alerts<'_> {
    pub async fn rules(&self) -> Result<Rules, StoreError> {
        Table::new(self.store, self.tenant).load().await
    }

    /// Stores changed rules: their `v` is one more than that of what was there.
    pub fn replace_rules(&self, changed: &Rules) -> Result<Write, StoreError> {
        Table::new(self.store, self.tenant).put_next(changed)
    }

    pub fn vitals_key(&self, nid: Nid) -> Key {
        self.each().key(nid)
    }

    pub async fn vitals(&self, nid: Nid) -> Result<Option<Owing<Vitals>>, StoreError> {
        self.each().get_owing(nid).await
    }

    /// Stores how a workflow does, with what that changes among those that are not well: `after.v` is one more than the stored
    /// version.
    pub fn replace(
        &self,
        before: &Vitals,
        after: &Vitals,
        look_at: Option<Millis>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = vec![self.each().owing(look_at).put_next(after)?];
        let is_in = |vitals: &Vitals, rule: AlertId| vitals.firing.iter().any(|fire| fire.rule == rule);
        for fire in after.firing.iter().filter(|fire| !is_in(before, fire.rule)) {
            let unwell = Unwell {
                nid: after.nid,
                installation_id: after.installation_id,
                workflow_id: after.workflow_id.clone(),
                firing: fire.clone(),
            };
            writes.push(Write::put(self.firing_key(fire.rule, after.nid), encode(&unwell)?));
        }
        let over = before.firing.iter().filter(|fire| !is_in(after, fire.rule));
        writes.extend(over.map(|fire| Write::delete(self.firing_key(fire.rule, after.nid))));
        Ok(writes)
    }

    /// Forgets how a workflow does, because it is gone.
    pub fn forget(&self, vitals: &Vitals) -> Vec<Write> {
        let own = self.each().remove(vitals.nid);
        let firing = vitals.firing.iter().map(|fire| Write::delete(self.firing_key(fire.rule, vitals.nid)));
        firing.chain([own]).collect()
    }

    /// The workflows that are not well, by rule, up to [`MAX_SHOWN`].
    pub async fn unwell(&self) -> Result<Vec<Unwell>, StoreError> {
        let page =
            self.store.query(&Query::table(Key::partition(self.tenant, FIRING)).limit(MAX_SHOWN)).await?;
        let mut unwell = Vec::with_capacity(page.items.len());
        for item in &page.items {
            match item.decode() {
                Ok(row) => unwell.push(row),
                // It is shown for a summary only, and written anew with the next alert.
                Err(error) => tracing::error!(tenant = self.tenant.0, %error, "an alert cannot be shown"),
            }
        }
        Ok(unwell)
    }

    fn each(&self) -> Table<'_, Vitals> {
        Table::new(self.store, self.tenant)
    }

    fn firing_key(&self, rule: AlertId, nid: Nid) -> Key {
        Key::of(self.tenant, FIRING, format!("{}#{}", rule.sortable(), nid.sortable()))
    }
}
