//! Brings back what an organization had, from a table that was restored beside the live one.
//!
//! Its one rule: what is there is newer. It is put over only where the operator says so, and credentials never are: one that
//! was revoked since stays revoked. Each item is a write under a condition, so that the command can be killed and repeated.

use futures::{StreamExt, TryStreamExt, pin_mut, stream};
use serde::Serialize;
use serde_json::Value;

use super::{
    AT_ONCE, Counts, Estate, count, erase, items,
    manifest::{self, Kind},
};
use crate::{
    blobs::whole::Uncovered,
    clock::Millis,
    error::{Error, ErrorKind, Result},
    store::{Attrs, Cond, Item, Store, StoreError, Write, attr, whole::Whole},
    tenant::TenantId,
};

/// What is restored, and over what.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Partitions of the manifest; all where none is named.
    pub partitions: Vec<String>,
    /// Records that are there and differ are replaced by the older ones.
    pub overwrite: bool,
    /// Also an organization that was erased since.
    pub although_erased: bool,
}

/// What a restore has done. What is restored already counts as `same` when the command is repeated.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub restored: Counts,
    pub replaced: Counts,
    /// There, and another than in the old table.
    pub kept: Counts,
    pub same: usize,
    /// Over by now, such as sessions and counters of a minute.
    pub passed_over: usize,
    /// Bodies whose deletion was undone.
    pub bodies: usize,
    /// Bodies that restored items name and that are nowhere.
    pub missing: Vec<String>,
}

enum Outcome {
    Restored,
    Replaced,
    Kept,
    Same,
}

/// Copies what a tenant has in `from` into the live table, and undoes the deletion of the bodies that it names.
pub async fn run(estate: &Estate, from: &dyn Whole, tenant: TenantId, wish: &Wish) -> Result<Report> {
    if let Some(mark) = erase::mark(&*estate.store, tenant).await?
        && !wish.although_erased
    {
        let at = crate::clock::iso(mark.began_at);
        let message =
            format!("Organization {tenant} was erased at {at}: it is not restored unless you say so.");
        return Err(Error::new(ErrorKind::Conflict, "erased", message));
    }
    let mut report = Report::default();
    let pages = items(from, tenant);
    pin_mut!(pages);
    while let Some(page) = pages.try_next().await? {
        let now = estate.clock.now();
        let (wanted, passed): (Vec<_>, Vec<_>) =
            page.into_iter().partition(|item| is_wanted(item, wish, now));
        report.passed_over += passed.len();
        let each = stream::iter(wanted).map(|item| one(estate, tenant, item, wish));
        let done: Vec<_> = each.buffer_unordered(AT_ONCE).try_collect().await?;
        for (partition, outcome, bodies) in done {
            match outcome {
                Outcome::Restored => count(&mut report.restored, &partition),
                Outcome::Replaced => count(&mut report.replaced, &partition),
                Outcome::Kept => count(&mut report.kept, &partition),
                Outcome::Same => report.same += 1,
            }
            for (body, how) in bodies {
                match how {
                    Uncovered::There => {}
                    Uncovered::Again => report.bodies += 1,
                    Uncovered::Missing => report.missing.push(body),
                }
            }
        }
    }
    Ok(report)
}

fn is_wanted(item: &Item, wish: &Wish, now: Millis) -> bool {
    let partition = manifest::partition(&item.key);
    let asked = wish.partitions.is_empty() || wish.partitions.iter().any(|one| one == partition);
    let passing = manifest::kind(partition) == Some(Kind::Passing);
    let expired = item.attrs().is_ok_and(|attrs| {
        attrs.get(attr::TTL).and_then(Value::as_i64).is_some_and(|until| until.saturating_mul(1000) <= now.0)
    });
    asked && !passing && !expired
}

type Done = (String, Outcome, Vec<(String, Uncovered)>);

/// One item: the item first, then its bodies, which can be read by their versions all the same. A repeat finds the item the same
/// and goes on with the bodies.
async fn one(estate: &Estate, tenant: TenantId, item: Item, wish: &Wish) -> Result<Done> {
    let partition = manifest::partition(&item.key).to_owned();
    let (key, attrs) = (item.key.clone(), item.into_attrs()?);
    let pointed = manifest::blobs(tenant, &partition, &attrs);
    let may_replace =
        wish.overwrite && !matches!(manifest::kind(&partition), Some(Kind::Credential | Kind::Secret));
    let outcome = put(&*estate.store, Item::new(key, attrs), may_replace).await?;
    let mut bodies = Vec::new();
    if !matches!(outcome, Outcome::Kept) {
        for (body, version) in pointed {
            let how = estate.bodies.uncover(&body, &version).await?;
            bodies.push((body.as_str().to_owned(), how));
        }
    }
    Ok((partition, outcome, bodies))
}

async fn put(store: &dyn Store, old: Item, may_replace: bool) -> Result<Outcome, StoreError> {
    let attrs = old.attrs()?.into_owned();
    let written = store.write(Write::put(old.key.clone(), attrs.clone()).when(Cond::Absent)).await;
    let live = match written {
        Ok(_) => return Ok(Outcome::Restored),
        Err(StoreError::ConditionFailed(refusal)) => refusal.current,
        Err(error) => return Err(error),
    };
    match live {
        Some(live) if *live.attrs()? == attrs => Ok(Outcome::Same),
        Some(live) if may_replace => {
            let same = unchanged(&*live.attrs()?);
            match store.write(Write::put(old.key, attrs).when(same)).await {
                Ok(_) => Ok(Outcome::Replaced),
                // Somebody is at work on it now: his is newer still.
                Err(StoreError::ConditionFailed(_)) => Ok(Outcome::Kept),
                Err(error) => Err(error),
            }
        }
        _ => Ok(Outcome::Kept),
    }
}

fn unchanged(live: &Attrs) -> Cond {
    live.get(attr::VERSION).map_or(Cond::Exists, |v| Cond::eq(attr::VERSION, v.clone()))
}
