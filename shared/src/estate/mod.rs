//! Everything that an organization has, taken as a whole: restored from another table, exported, erased.
//!
//! Its one rule: only an operator's command does any of this. What there is to an organization, [`manifest`] says; what lies
//! where nobody thinks of it is found all the same, because the whole table is read.

pub mod erase;
pub mod export;
pub mod manifest;
pub mod restore;

use std::{collections::BTreeMap, sync::Arc};

use futures::{Stream, stream};

use crate::{
    blobs::{Blobs, whole::WholeBlobs},
    clock::Clock,
    store::{Item, Key, Store, StoreError, whole::Whole},
    tenant::TenantId,
};

/// Writes that are under way at once.
const AT_ONCE: usize = 16;

/// Where organizations are kept, with the ways to everything.
#[derive(Clone)]
pub struct Estate {
    pub store: Arc<dyn Store>,
    pub whole: Arc<dyn Whole>,
    pub blobs: Arc<dyn Blobs>,
    pub bodies: Arc<dyn WholeBlobs>,
    pub clock: Arc<dyn Clock>,
}

/// How many of what, by the partition that it lies in.
pub type Counts = BTreeMap<String, usize>;

/// A tenant's items, one page of the table after another.
fn items(whole: &dyn Whole, tenant: TenantId) -> impl Stream<Item = Result<Vec<Item>, StoreError>> {
    let begin = Some(None::<Key>);
    stream::try_unfold(begin, move |at| async move {
        let Some(after) = at else { return Ok(None) };
        let page = whole.of_tenant(tenant, after.as_ref()).await?;
        Ok(Some((page.items, page.next.map(|next| Some(next.key)))))
    })
}

/// Counts one of a partition.
fn count(counts: &mut Counts, partition: &str) {
    *counts.entry(partition.to_owned()).or_default() += 1;
}
