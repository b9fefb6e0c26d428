//! Entities that are listed and searched through index entries of our own.
//!
//! "The newest with this property" → the entries of a facet, then their entities. "Whose text says this?" → the entries
//! of a client group whose phrase begins so, then their entities, group after group.
//!
//! Its one rule: what an entry shows is shown only where it says so itself, and a page costs what it returns. Where a further filter passes entities over, the number of pages read is
//! bounded and the list may be shorter than it was asked to be.

use std::collections::{BTreeSet, HashMap};

use futures::future::try_join_all;

use super::{
    apart,
    entries::{self, Entries, Phrase, Pointers},
    listing::{self, Listed, MAX_BYTES, MAX_PAGES, Row, Unreadable, page_size},
    subjects::Stored,
    table::Table,
};
use crate::{
    domain::words,
    ids::{EntityId, GroupId, Id},
    store::{Key, StoreError, Write, limits::BATCH_KEYS},
    tenant::TenantId,
};

/// An entity with index entries. [`Stored::around`] of such an entity writes [`changes`].
pub trait Indexed: Stored {
    /// What the partitions of its index start with, such as `leads`.
    const SPACE: &'static str;

    /// The facets that it is listed under.
    fn facets(&self) -> BTreeSet<String>;

    /// The phrases that it is found under, cut by [`words`].
    fn phrases(&self) -> BTreeSet<String>;

    /// Whether a search finds it, judged by its whole text.
    fn is_found(&self, search: &str) -> bool;
}

/// The writes that bring the index entries of an entity up to date.
pub fn changes<E: Indexed>(tenant: TenantId, before: Option<&E>, after: Option<&E>) -> Vec<Write> {
    let keys = |entity: Option<&E>| entity.map(|entity| keys(tenant, entity)).unwrap_or_default();
    entries::changes(&keys(before), &keys(after), after.map(|entity| entity.subject().v))
}

/// The writes of the entries that list an entity by client group, as it is.
pub fn by_group<E: Indexed>(tenant: TenantId, entity: &E) -> Vec<Write> {
    let keys = keys(tenant, entity).into_iter().filter(entries::is_of_group);
    keys.map(|key| entries::made_up(key, entity.subject().v)).collect()
}

/// Where the entries of an entity lie.
pub fn keys<E: Indexed>(tenant: TenantId, entity: &E) -> BTreeSet<Key> {
    let (id, group) = (entity.subject().id, entity.subject().group_id);
    let facets = entity.facets().into_iter().map(|facet| entries::facet(tenant, E::SPACE, &facet, id));
    let phrases =
        entity.phrases().into_iter().map(|text| entries::phrase(tenant, E::SPACE, group, &text, id));
    facets.chain(phrases).collect()
}

/// Where a search stands: in which client group, and after which of its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub group: GroupId,
    /// None at the group's beginning.
    pub after: Option<Phrase>,
}

/// What a search found.
#[derive(Debug)]
pub struct Searched<E> {
    pub found: Vec<E>,
    /// What lies among them and cannot be read. No search can tell whether it fits.
    pub unreadable: Vec<Unreadable>,
    /// Where to go on, when there may be more.
    pub next: Option<Mark>,
}

impl<E> Searched<E> {
    /// All of it, in its order.
    pub fn rows(self) -> Vec<Row<E>> {
        listing::rows(self.found, self.unreadable)
    }
}

impl<E: Indexed> Table<'_, E> {
    /// The newest below `before` that show under one of the facets and are wanted, up to `limit`.
    pub async fn under(
        &self,
        facets: &[String],
        mut before: Option<Id>,
        limit: usize,
        wanted: impl Fn(&E) -> bool,
    ) -> Result<Listed<E>, StoreError> {
        let mut taken = Taken::new(limit);
        let wanted = |entity: &E| {
            let own = entity.facets();
            facets.iter().any(|facet| own.contains(facet)) && wanted(entity)
        };
        for _ in 0..MAX_PAGES {
            let page = self.merged(facets, before, taken.page()).await?;
            let entities = self.fetch(page.found.iter().copied()).await?;
            for (at, id) in page.found.iter().enumerate() {
                before = Some(*id);
                if taken.fills(entities.get(id).filter(|(row, _)| row.as_ref().map_or(true, &wanted))) {
                    let more = page.more || at + 1 < page.found.len();
                    return Ok(taken.listed(before.filter(|_| more)));
                }
            }
            if !page.more {
                return Ok(taken.listed(None));
            }
        }
        Ok(taken.listed(before))
    }

    /// Whether something shows under a facet; also where so many old entries lie there that nobody can tell.
    pub async fn is_any_under(&self, facet: &str) -> Result<bool, StoreError> {
        let found = self.under(&[facet.to_owned()], None, 1, |_| true).await?;
        Ok(!found.is_empty() || found.next.is_some())
    }

    /// Those of the client groups (in the order of their ids) that the search finds and that are wanted, up to `limit`,
    /// by phrase within each group. An entity that is found under several phrases shows once; one that cannot be read, once
    /// a page. `search` is what
    /// [`words::search`] makes of a text.
    pub async fn search(
        &self,
        groups: &[GroupId],
        search: &str,
        after: Option<Mark>,
        limit: usize,
        wanted: impl Fn(&E) -> bool,
    ) -> Result<Searched<E>, StoreError> {
        let next_group = |past: Option<GroupId>| {
            let next = groups.iter().find(|group| past.is_none_or(|past| **group > past));
            next.map(|group| Mark { group: *group, after: None })
        };
        let shows = |entity: &E, group: GroupId, phrase: &Phrase| {
            entity.subject().group_id == group
                && first_match(entity, search).as_ref() == Some(&phrase.text)
                && entity.is_found(search)
                && wanted(entity)
        };
        let mut taken = Taken::new(limit);
        let mut at = after.filter(|mark| groups.contains(&mark.group)).or_else(|| next_group(None));
        if search.is_empty() {
            at = None;
        }
        for _ in 0..MAX_PAGES {
            let Some(Mark { group, after }) = at else { break };
            let page =
                self.entries().beginning(group, &words::clip(search), after.as_ref(), taken.page()).await?;
            let entities = self.fetch(page.found.iter().map(|phrase| phrase.id)).await?;
            let mut rest = page.found.into_iter().peekable();
            let mut last = after;
            while let Some(phrase) = rest.next() {
                let shows = |row: &Row<E>| match row {
                    Ok(entity) => shows(entity, group, &phrase),
                    Err(unreadable) => !taken.knows(unreadable.id),
                };
                let full = taken.fills(entities.get(&phrase.id).filter(|(row, _)| shows(row)));
                last = Some(phrase);
                if full {
                    let more = page.more || rest.peek().is_some();
                    let next = if more { Some(Mark { group, after: last }) } else { next_group(Some(group)) };
                    return Ok(taken.searched(next));
                }
            }
            at = if page.more { Some(Mark { group, after: last }) } else { next_group(Some(group)) };
        }
        Ok(taken.searched(at))
    }

    /// The newest entries of several facets, as if they were one.
    async fn merged(
        &self,
        facets: &[String],
        before: Option<Id>,
        limit: usize,
    ) -> Result<Pointers<Id>, StoreError> {
        let entries = self.entries();
        let pages = facets.iter().map(|facet| entries.newest(facet, before, limit));
        let pages = try_join_all(pages).await?;
        // What lies below the end of a page may have newer neighbours that were not read.
        let floor = pages.iter().filter(|page| page.more).filter_map(|page| page.found.last()).max().copied();
        let all: BTreeSet<Id> = pages.iter().flat_map(|page| page.found.iter().copied()).collect();
        let known = all.iter().rev().copied().filter(|id| floor.is_none_or(|floor| *id >= floor));
        let found: Vec<Id> = known.take(limit).collect();
        Ok(Pointers { more: floor.is_some() || found.len() < all.len(), found })
    }

    /// The entities of a page of entries, with their sizes. One that was deleted meanwhile is not among them.
    async fn fetch(&self, ids: impl Iterator<Item = Id>) -> Result<HashMap<Id, (Row<E>, usize)>, StoreError> {
        let keys: Vec<Key> =
            ids.collect::<BTreeSet<_>>().into_iter().map(|id| self.key(E::Id::of(id))).collect();
        let batches = keys.chunks(BATCH_KEYS).map(|batch| self.store.batch_get(batch));
        let items = apart::whole(self.store, try_join_all(batches).await?.concat()).await?;
        let mut found = HashMap::new();
        for item in &items {
            let row: Row<E> = listing::row(item)?;
            if self.shows_row(&row, item) {
                let id = row.as_ref().map_or_else(|unreadable| unreadable.id, |entity| entity.subject().id);
                found.insert(id, (row, item.bytes()));
            }
        }
        Ok(found)
    }

    fn entries(&self) -> Entries<'_> {
        Entries { store: self.store, tenant: self.tenant, space: E::SPACE }
    }
}

/// The one phrase under which a search shows an entity.
fn first_match<E: Indexed>(entity: &E, search: &str) -> Option<String> {
    let prefix = words::clip(search);
    entity.phrases().into_iter().find(|phrase| phrase.starts_with(&prefix))
}

/// A page in the making.
struct Taken<E> {
    listed: Listed<E>,
    limit: usize,
    bytes: usize,
    passed_over: bool,
}

impl<E: Clone> Taken<E> {
    fn new(limit: usize) -> Self {
        Self { listed: Listed::default(), limit, bytes: 0, passed_over: false }
    }

    /// How many entries to read next.
    fn page(&self) -> usize {
        page_size(self.limit - self.listed.len(), self.passed_over)
    }

    /// Whether a record that cannot be read is on the page already.
    fn knows(&self, id: Id) -> bool {
        self.listed.unreadable.iter().any(|unreadable| unreadable.id == id)
    }

    /// Takes an entity, if there is one to take. Returns whether the page is full.
    fn fills(&mut self, row: Option<&(Row<E>, usize)>) -> bool {
        let Some((row, bytes)) = row else {
            self.passed_over = true;
            return false;
        };
        self.listed.push(row.clone());
        self.bytes += bytes;
        self.listed.len() == self.limit || self.bytes >= MAX_BYTES
    }

    fn listed(self, next: Option<Id>) -> Listed<E> {
        Listed { next, ..self.listed }
    }

    fn searched(self, next: Option<Mark>) -> Searched<E> {
        let Listed { found, unreadable, .. } = self.listed;
        Searched { found, unreadable, next }
    }
}

#[cfg(feature = "embedded")]
#[cfg(test)]
mod tests;
