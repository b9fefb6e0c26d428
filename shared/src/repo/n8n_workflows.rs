//! N8nWorkflow nodes.
//!
//! "What is behind this `nid`?" → by `nid`, which is derived from the rest of the key (`domain::n8n_workflow::nid`). "What is its
//! newest execution?" → one item beside the node.
//! "Which workflows of this installation does Baton know?" → index `gsi1`, by n8n id. "Which installation has this
//! workflow?" → one pointer item per workflow id and `nid`. "Whose webhook is this?" → one item per installation and path.

use super::{
    entity::{Entity, Place},
    listing::{self, Listed},
    table::Table,
};
use crate::{
    domain::n8n_workflow::{Latest, N8nWorkflow},
    ids::{EntityId, InstallationId, Nid},
    store::{
        self, Change, Cond, Item, Key, Label, Position, Query, Refusal, SortValue, StoreError, Write, encode,
        segment,
    },
};

/// Label of the write that replaces a node.
pub const WORKFLOW: Label = "workflow";

/// The workflow nodes of one tenant.
pub type N8nWorkflows<'a> = Table<'a, N8nWorkflow>;

impl Entity for N8nWorkflow {
    type Id = Nid;
    const KIND: Label = WORKFLOW;

    fn place(nid: &Nid) -> Place {
        Place::alone(format!("workflow#{nid}"))
    }

    fn id(&self) -> Nid {
        self.nid
    }

    fn version(&self) -> u64 {
        self.v
    }

    /// By n8n's id among those of its installation.
    fn shown(&self) -> Option<Place> {
        Some(Place { partition: installed(self.installation_id).into(), sort: self.workflow_id.clone() })
    }
}

impl N8nWorkflows<'_> {
    /// The newest execution of the workflow.
    pub async fn latest(&self, nid: Nid) -> Result<Option<Latest>, StoreError> {
        self.store.get(&self.latest_key(nid)).await?.map(|item| item.decode()).transpose()
    }

    /// Stores it: `new.v` is one more than the stored version, 1 where nothing is stored.
    pub fn put_latest(&self, nid: Nid, new: &Latest) -> Result<Write, StoreError> {
        let standing = if new.v == 1 { Cond::Absent } else { Cond::version(new.v - 1) };
        Ok(Write::put(self.latest_key(nid), encode(new)?).when(standing))
    }

    fn latest_key(&self, nid: Nid) -> Key {
        Key::of(self.tenant, &format!("latest#{nid}"), "-")
    }

    /// Makes sure that the node exists. A node that stands there already is left as it is, but for its name.
    pub async fn ensure(&self, new: &N8nWorkflow) -> Result<(), StoreError> {
        let writes = vec![
            self.put_new(new)?,
            Write::put(
                self.pointer_key(&new.workflow_id, new.nid),
                encode(&Pointer { installation_id: new.installation_id })?,
            ),
        ];
        match self.store.transact(writes).await {
            Ok(()) => Ok(()),
            Err(StoreError::Canceled(refused)) => self.agrees(new, &refused).await,
            Err(error) => Err(error),
        }
    }

    /// The node that stands there is the same one, and learns a new name.
    async fn agrees(&self, new: &N8nWorkflow, refused: &[Refusal]) -> Result<(), StoreError> {
        let standing = match refused.first() {
            Some(Refusal { current: Some(item), .. }) => item.decode::<N8nWorkflow>()?,
            _ => return Err(StoreError::Conflict),
        };
        if (standing.installation_id, &standing.workflow_id) != (new.installation_id, &new.workflow_id) {
            return Err(StoreError::Corrupt(format!("two workflows share the nid {}", new.nid)));
        }
        match &new.name {
            Some(name) if standing.name.as_ref() != Some(name) => {
                let rename = Write::update(self.key(new.nid), vec![Change::set("name", name.as_str())])
                    .when(Cond::Exists);
                self.store.write(rename).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Replaces the node: `new.v` is one more than the stored version.
    pub fn replace(&self, new: &N8nWorkflow) -> Result<Write, StoreError> {
        self.put_next(new)
    }

    /// Remembers whose production webhook a path is. One that is empty is not.
    pub async fn put_webhook(
        &self,
        installation: InstallationId,
        path: &str,
        nid: Nid,
    ) -> Result<(), StoreError> {
        let Some(key) = self.webhook_key(installation, path) else { return Ok(()) };
        self.store.write(Write::put(key, encode(&Webhook { nid })?)).await.map(|_| ())
    }

    /// The workflow whose production webhook a path is, as n8n's API last listed it. As n8n does, a path that is written out
    /// goes before a pattern.
    pub async fn by_webhook(
        &self,
        installation: InstallationId,
        path: &str,
    ) -> Result<Option<N8nWorkflow>, StoreError> {
        let Some(key) = self.webhook_key(installation, path) else { return Ok(None) };
        let nid = match self.store.get(&key).await? {
            Some(found) => Some(found.decode::<Webhook>()?.nid),
            None => self.by_pattern(&key).await?,
        };
        match nid {
            Some(nid) => self.get(nid).await,
            None => Ok(None),
        }
    }

    /// "Whose pattern fits this path?" → the patterns behind its first part, which is the webhook's own id and seldom stands
    /// before more than one.
    async fn by_pattern(&self, path: &Key) -> Result<Option<Nid>, StoreError> {
        let Some((webhook, called)) = path.sk().split_once('/') else { return Ok(None) };
        let query = Query::table(path.pk()).prefix(format!("{webhook}/")).limit(PATTERNS);
        let mut best: Option<(usize, Nid)> = None;
        for item in &self.store.query(&query).await?.items {
            let pattern = item.key.sk().get(webhook.len() + 1..).unwrap_or_default();
            if let Some(fixed) = fixed_parts(pattern, called)
                && best.is_none_or(|(most, _)| fixed > most)
            {
                best = Some((fixed, item.decode::<Webhook>()?.nid));
            }
        }
        Ok(best.map(|(_, nid)| nid))
    }

    /// None where there is no path, which cannot be a key.
    fn webhook_key(&self, installation: InstallationId, path: &str) -> Option<Key> {
        let key = || Key::of(self.tenant, &Self::webhooks_of(installation), segment(path));
        (!path.is_empty()).then(key)
    }

    /// The nodes of one installation, by n8n id.
    pub async fn of_installation(
        &self,
        installation: InstallationId,
    ) -> Result<Listed<N8nWorkflow>, StoreError> {
        self.every(self.all_in(&installed(installation))).await
    }

    /// How many workflows of one installation are known.
    pub async fn count(&self, installation: InstallationId) -> Result<usize, StoreError> {
        let mut query = self.all_in(&installed(installation)).limit(1000);
        let mut count = 0;
        loop {
            let page = self.store.query(&query).await?;
            count += page.items.len();
            if page.next.is_none() {
                return Ok(count);
            }
            query.after = page.next;
        }
    }

    /// A page of the nodes of an installation, by n8n id, and the last of it when there are more.
    pub async fn page(
        &self,
        installation: InstallationId,
        after: Option<(Nid, String)>,
        limit: usize,
    ) -> Result<(Listed<N8nWorkflow>, Option<(Nid, String)>), StoreError> {
        let after =
            after.map(|(nid, workflow)| Position { key: self.key(nid), sort: Some(SortValue::S(workflow)) });
        let query = self.all_in(&installed(installation)).limit(limit).after(after);
        let page = store::page(self.store, &query).await?;
        let mut found = Listed::default();
        for item in &page.items {
            found.push(listing::row(item)?);
        }
        let last = page.next.and_then(|place| match place.sort {
            Some(SortValue::S(workflow)) => Some((Nid::of(listing::id_of(&place.key)?), workflow)),
            _ => None,
        });
        Ok((found, last))
    }

    /// Up to `limit` nodes of an installation, as they stand under their keys: one that cannot be read is among them.
    pub async fn some_of(&self, installation: InstallationId, limit: usize) -> Result<Vec<Item>, StoreError> {
        let mut query = self.all_in(&installed(installation)).limit(limit);
        loop {
            let page = store::page(self.store, &query).await?;
            // Those that were deleted a moment ago may still be shown, and more behind them.
            if !page.items.is_empty() || page.next.is_none() {
                return Ok(page.items);
            }
            query.after = page.next;
        }
    }

    /// Deletes a node with what points at it, the node itself last: until then it is found again.
    pub fn delete(&self, node: &Item) -> Vec<Write> {
        let nid = listing::id_of(&node.key).map(Nid::of);
        let latest = nid.map(|nid| Write::delete(self.latest_key(nid)));
        let workflow_id =
            node.attrs().ok().and_then(|attrs| Some(attrs.get("workflow_id")?.as_str()?.to_owned()));
        let pointer =
            nid.zip(workflow_id).map(|(nid, workflow)| Write::delete(self.pointer_key(&workflow, nid)));
        latest.into_iter().chain(pointer).chain([Write::delete(node.key.clone())]).collect()
    }

    /// Partition (without the tenant) of the webhook paths of an installation.
    pub fn webhooks_of(installation: InstallationId) -> String {
        format!("webhook#{installation}")
    }

    /// The installations that have a workflow of this n8n id. More than one when an n8n was copied.
    pub async fn installations_with(&self, workflow_id: &str) -> Result<Vec<InstallationId>, StoreError> {
        let partition = Key::partition(self.tenant, &pointer_partition(workflow_id));
        let page = self.store.query(&Query::table(partition).limit(MOST_HAVING)).await?;
        page.items.iter().map(|item| Ok(item.decode::<Pointer>()?.installation_id)).collect()
    }

    fn pointer_key(&self, workflow_id: &str, nid: Nid) -> Key {
        Key::of(self.tenant, &pointer_partition(workflow_id), nid.sortable())
    }
}

/// Installations of one workflow that are looked at.
pub const MOST_HAVING: usize = 10;
/// Patterns with one webhook's id that are looked at: a node has one, and copies of it share the id.
const PATTERNS: usize = 50;

/// How many parts of a pattern (`user/:id`) are fixed, when it fits what was called. n8n's own rule: as many parts, and each
/// fixed one among those that were called.
fn fixed_parts(pattern: &str, called: &str) -> Option<usize> {
    let called: Vec<&str> = called.split('/').collect();
    let parts: Vec<&str> = pattern.split('/').collect();
    let fixed: Vec<&&str> = parts.iter().filter(|part| !part.starts_with(':')).collect();
    let fits = parts.len() == called.len()
        && fixed.len() < parts.len()
        && fixed.iter().all(|part| called.contains(part));
    fits.then_some(fixed.len())
}

/// Partition of the general index that shows the nodes of an installation.
fn installed(installation: InstallationId) -> String {
    format!("installed#{installation}")
}

fn pointer_partition(workflow_id: &str) -> String {
    format!("workflow-id#{}", segment(workflow_id))
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Pointer {
    installation_id: InstallationId,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Webhook {
    nid: Nid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_as_in_n8n() {
        for (pattern, called, fixed) in [
            ("user/:id", "user/5", Some(1)),
            (":id", "5", Some(0)),
            (":a/:b", "5/6", Some(0)),
            ("user/:id/orders/:order", "user/5/orders/7", Some(2)),
            ("user/:id", "user/5/6", None),
            ("user/:id", "group/5", None),
            ("user/all", "user/all", None),
            ("user/:id", "user", None),
        ] {
            assert_eq!(fixed_parts(pattern, called), fixed, "{pattern} {called}");
        }
    }
}
