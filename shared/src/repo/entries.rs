//! Index entries of our own: small items that point at entities, so that a list reads what it returns and nothing else.
//!
//! "The newest with these properties" → one entry per entity in the partition of a facet, sorted by age. "Whose text
//! begins so?" → one entry per entity and phrase in the partitions of a client group, sorted by phrase.
//!
//! Its one rule: an entry is there before its entity says so, and goes after it says so no more. So a list never misses; what it
//! finds that is gone or says otherwise by then is passed over by whoever reads, who has the entity in hand. An entry knows the
//! version of the entity that it was written for: whoever takes it away, late, leaves one that a later version wants again.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use crate::{
    ids::{GroupId, Id},
    store::{Attrs, Cond, Key, Page, Phase, Position, Query, Store, StoreError, Write, attr, segment},
    tenant::TenantId,
};

/// The index of one kind of entity of one tenant.
#[derive(Clone, Copy)]
pub struct Entries<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
    /// What the partitions of this index start with, such as `leads`.
    pub space: &'static str,
}

/// One page of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointers<P> {
    pub found: Vec<P>,
    /// Whether there may be more after the last one.
    pub more: bool,
}

/// An entry of the text index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    pub text: String,
    /// Of whatever kind the index is of.
    pub id: Id,
}

/// Key of the entry that shows an entity under a facet.
pub fn facet(tenant: TenantId, space: &str, facet: &str, id: Id) -> Key {
    Key::of(tenant, &format!("{space}-by#{facet}"), id.sortable())
}

/// Partitions that the phrases of a client group are spread over, by entity: what has many words has as many entries, and a partition
/// of DynamoDB takes 1,000 write units a second. Fixed: entries lie where they were put.
const TEXT_SHARDS: u64 = 4;

/// Key of the entry that shows an entity under a phrase (`domain::words`) of its text.
pub fn phrase(tenant: TenantId, space: &str, group: GroupId, text: &str, id: Id) -> Key {
    let partition = text_partition(space, group, id.get() % TEXT_SHARDS);
    Key::of(tenant, &partition, format!("{}#{}", segment(text), newest_first(id)))
}

/// The writes that turn the entries of an entity from what they were into what they are to be in its version `v`; of one that is
/// deleted there is none.
pub fn changes(before: &BTreeSet<Key>, after: &BTreeSet<Key>, v: Option<u64>) -> Vec<Write> {
    let version = v.unwrap_or_default();
    let older = Cond::lt(attr::VERSION, i64::try_from(version).unwrap_or(i64::MAX));
    let gone = before.difference(after).cloned().map(|key| {
        let gone = Write::delete(key).at(Phase::After);
        if v.is_some() { gone.when(older.clone()) } else { gone }
    });
    let new = after.difference(before).cloned().map(|key| {
        let new = entry(key, version);
        // What nobody has seen has no other entries.
        if before.is_empty() { new } else { new.when(Cond::Any(vec![Cond::Absent, older.clone()])) }
    });
    gone.chain(new).collect()
}

/// The write of an entry that was missing until now.
pub fn made_up(key: Key, v: u64) -> Write {
    let older = Cond::lt(attr::VERSION, i64::try_from(v).unwrap_or(i64::MAX));
    entry(key, v).when(Cond::Any(vec![Cond::Absent, older]))
}

/// What a facet begins with that lists by client group.
pub const OF_GROUP: &str = "group#";

/// Whether it is an entry of such a facet.
pub fn is_of_group(key: &Key) -> bool {
    key.pk().contains("-by#group#")
}

/// The write of an entry, for an entity of this version.
fn entry(key: Key, version: u64) -> Write {
    let attrs = Attrs::from_iter([(attr::VERSION.to_owned(), version.into())]);
    Write::put(key, attrs).at(Phase::Before)
}

impl Entries<'_> {
    /// The ids under a facet below `before`, newest first.
    pub async fn newest(
        &self,
        under: &str,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Pointers<Id>, StoreError> {
        let query = Query::table(Key::partition(self.tenant, &format!("{}-by#{under}", self.space)))
            .newest_first()
            .limit(limit)
            .after(before.map(|id| position(facet(self.tenant, self.space, under, id))));
        let page = self.store.query(&query).await?;
        let found = page.items.iter().map(|item| read_id(&item.key, item.key.sk()));
        Ok(Pointers { found: found.collect::<Result<_, _>>()?, more: page.next.is_some() })
    }

    /// The entries of a client group whose phrase begins with `folded`, in the order of phrases, the newest entity first
    /// under each.
    pub async fn beginning(
        &self,
        group: GroupId,
        folded: &str,
        after: Option<&Phrase>,
        limit: usize,
    ) -> Result<Pointers<Phrase>, StoreError> {
        let after = after.map(|last| phrase(self.tenant, self.space, group, &last.text, last.id));
        let pages = (0..TEXT_SHARDS).map(|shard| {
            let partition = Key::partition(self.tenant, &text_partition(self.space, group, shard));
            // Also where what was last lies in another shard: the place behind it is the same.
            let after = after.as_ref().map(|last| position(Key::from_parts(partition.clone(), last.sk())));
            let query = Query::table(partition).prefix(segment(folded)).limit(limit).after(after);
            async move { self.store.query(&query).await }
        });
        let pages = try_join_all(pages).await?;
        // What lies behind the end of a page may have neighbours that were not read.
        let last = |page: &Page| page.items.last().map(|item| item.key.sk().to_owned());
        let end = pages.iter().filter(|page| page.next.is_some()).filter_map(last).min();
        let mut keys: Vec<Key> = pages.into_iter().flat_map(|page| page.items).map(|item| item.key).collect();
        keys.sort_unstable_by(|one, other| one.sk().cmp(other.sk()));
        let all = keys.len();
        keys.retain(|key| end.as_deref().is_none_or(|end| key.sk() <= end));
        keys.truncate(limit);
        let more = end.is_some() || keys.len() < all;
        Ok(Pointers { found: keys.iter().map(read_phrase).collect::<Result<_, _>>()?, more })
    }
}

fn text_partition(space: &str, group: GroupId, shard: u64) -> String {
    format!("{space}-text#{group}#{shard}")
}

fn position(key: Key) -> Position {
    Position { key, sort: None }
}

/// Sixteen digits that sort the other way round.
fn newest_first(id: Id) -> String {
    format!("{:016}", MOST - id.get())
}

/// More than any id: they have 53 bits.
const MOST: u64 = 9_999_999_999_999_999;

fn read_id(key: &Key, text: &str) -> Result<Id, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("no id in {key}")))
}

pub fn read_phrase(key: &Key) -> Result<Phrase, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("no phrase in {key}"));
    let (text, id) = key.sk().rsplit_once('#').ok_or_else(corrupt)?;
    let id: u64 = id.parse().map_err(|_| corrupt())?;
    let id = MOST.checked_sub(id).and_then(Id::from_u64).ok_or_else(corrupt)?;
    Ok(Phrase { text: text.replace("%23", "#").replace("%25", "%"), id })
}

#[cfg(feature = "embedded")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EntityId;
    use crate::store::{self, embedded::Sqlite};

    const TENANT: TenantId = TenantId(7);

    fn id<I: EntityId>(value: u64) -> I {
        I::of(Id::from_u64(value).unwrap())
    }

    async fn stored(keys: &[Key]) -> Sqlite {
        let store = Sqlite::memory().unwrap();
        let all = keys.iter().cloned().collect();
        store::apply(&store, changes(&BTreeSet::new(), &all, Some(1))).await.unwrap();
        store
    }

    #[tokio::test]
    async fn a_facet_lists_its_newest_in_pages() {
        let keys: Vec<_> = (1..=5).map(|n| facet(TENANT, "leads", "status#1", id(n))).collect();
        let store = stored(&keys).await;
        let entries = Entries { store: &store, tenant: TENANT, space: "leads" };
        let first = entries.newest("status#1", None, 3).await.unwrap();
        assert_eq!((first.found, first.more), (vec![id(5), id(4), id(3)], true));
        let rest = entries.newest("status#1", Some(id(3)), 3).await.unwrap();
        assert_eq!((rest.found, rest.more), (vec![id(2), id(1)], false));
        assert_eq!(entries.newest("status#2", None, 3).await.unwrap().found, []);
    }

    #[tokio::test]
    async fn phrases_are_found_by_their_beginning_the_newest_first() {
        let group = id(9);
        let key = |text, n| phrase(TENANT, "leads", group, text, id(n));
        let store = stored(&[key("jane", 1), key("jane", 2), key("jane#1%", 3), key("janet", 4)]).await;
        let entries = Entries { store: &store, tenant: TENANT, space: "leads" };
        let texts = |page: &Pointers<Phrase>| -> Vec<(String, u64)> {
            page.found.iter().map(|found| (found.text.clone(), found.id.get())).collect()
        };
        let all = entries.beginning(group, "jane", None, 10).await.unwrap();
        let expected = [("jane", 2), ("jane", 1), ("jane#1%", 3), ("janet", 4)];
        assert_eq!(texts(&all), expected.map(|(text, n)| (text.to_owned(), n)));
        let rest = entries.beginning(group, "jane", Some(&all.found[1]), 10).await.unwrap();
        assert_eq!(rest.found, all.found[2..]);
        assert_eq!(entries.beginning(id(8), "jane", None, 10).await.unwrap().found, []);
    }

    #[test]
    fn only_differences_are_written() {
        let key = |text: &str| facet(TENANT, "leads", text, id(1));
        let before = BTreeSet::from([key("a"), key("b")]);
        let after = BTreeSet::from([key("b"), key("c")]);
        let writes = changes(&before, &after, Some(2));
        let keys: Vec<_> = writes.iter().map(|write| (&write.key, write.phase)).collect();
        assert_eq!(keys, [(&key("a"), Phase::After), (&key("c"), Phase::Before)]);
        assert_eq!(changes(&after, &after, Some(3)), []);
    }

    /// Two change the same property in turn, and the first is late with taking away what the second wants again.
    #[tokio::test]
    async fn an_entry_that_a_later_version_wants_stays() {
        let key = |text: &str| facet(TENANT, "leads", text, id(1));
        let (one, two) = (BTreeSet::from([key("a")]), BTreeSet::from([key("b")]));
        let store = stored(&[key("a")]).await;
        let late = |writes: Vec<Write>| -> (Vec<Write>, Vec<Write>) {
            writes.into_iter().partition(|write| write.phase == Phase::After)
        };
        let (gone, new) = late(changes(&one, &two, Some(2)));
        store::apply(&store, new).await.unwrap();
        store::apply(&store, changes(&two, &one, Some(3))).await.unwrap();
        store::apply(&store, gone).await.unwrap();
        let entries = Entries { store: &store, tenant: TENANT, space: "leads" };
        assert_eq!(entries.newest("a", None, 3).await.unwrap().found, [id(1)]);
        assert_eq!(entries.newest("b", None, 3).await.unwrap().found, []);
        // And one that lost the race for version 3 does not make it older than it is.
        store::apply(&store, vec![entry(key("a"), 2).when(Cond::Absent)]).await.unwrap();
        store::apply(&store, changes(&two, &one, Some(2))).await.unwrap();
        let kept = store.get(&key("a")).await.unwrap().unwrap();
        assert_eq!(kept.attrs().unwrap()[attr::VERSION], 3);
    }
}
