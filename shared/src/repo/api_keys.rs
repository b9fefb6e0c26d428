//! The API keys of one organization, for those who look after them. Who calls with a key is found by [`super::orgs::key`].
//!
//! "Which key has this id?" and "which keys are there?" → index `gsi1`, by id. The index follows a write within a moment, so that
//! a key which was made just now may not be found yet. "Is it still so?" → the conditions of the writes, on the key's own item.

use crate::{
    clock::Millis,
    domain::api_key::{self, ApiKey, KeyHash, Retirement},
    ids::{ApiKeyId, Id},
    repo::{
        listing::{Listed, Row, Unreadable},
        orgs,
        pages::{self, Asked, Page, REACH, Source},
    },
    store::{self, Change, Cond, Index, Item, Key, Query, SortValue, Store, StoreError, Write, attr, encode},
    tenant::TenantId,
};

/// The keys of one tenant.
#[derive(Clone, Copy)]
pub struct ApiKeys<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl ApiKeys<'_> {
    /// The key with this id, also one that ended lately.
    pub async fn get(&self, id: ApiKeyId, now: Millis) -> Result<Option<ApiKey>, StoreError> {
        let sort = || SortValue::S(id.sortable());
        let page = store::page(self.store, &self.query().between(sort(), sort()).limit(1)).await?;
        let key: Option<ApiKey> = page.items.first().map(Item::decode).transpose()?;
        Ok(key.filter(|key| !is_over(key, now)))
    }

    /// The newest keys, at most [`REACH`] of them. There is a next one where there are more.
    pub async fn newest(&self, now: Millis) -> Result<Listed<ApiKey>, StoreError> {
        let newest = Asked::newest(REACH);
        Ok(self.read(newest, false, |key| !is_over(key, now)).await?.rows)
    }

    /// Those that work, newest first, at most [`REACH`] of them.
    pub async fn working(&self, now: Millis) -> Result<Vec<ApiKey>, StoreError> {
        let newest = Asked::newest(REACH);
        Ok(self.read(newest, false, |key| key.usable(now)).await?.rows.found)
    }

    /// A page of the keys, newest first, and how many there are.
    pub async fn page(&self, asked: Asked, now: Millis) -> Result<Page<ApiKey>, StoreError> {
        self.read(asked, true, |key| !is_over(key, now)).await
    }

    async fn read(
        &self,
        asked: Asked,
        counted: bool,
        wanted: impl Fn(&ApiKey) -> bool,
    ) -> Result<Page<ApiKey>, StoreError> {
        let source = Source {
            store: self.store,
            query: self.query().newest_first(),
            // The table's own key of a key is a hash: where the index goes on is told by ids.
            below: &|query, id| {
                let last = id.get().checked_sub(1).and_then(Id::from_u64).unwrap_or(Id::SMALLEST);
                query.between(SortValue::S(Id::SMALLEST.sortable()), SortValue::S(last.sortable()))
            },
            row,
            id: |key: &ApiKey| key.id.untyped(),
            wanted,
        };
        pages::read(&source, asked, counted).await
    }

    /// Ends a key that nobody has ended. Refused when somebody has, with the key as it stands.
    pub fn revoke(&self, key: &ApiKey, now: Millis) -> Write {
        orgs::end_key(&key.hash, now).when(Cond::missing("revoked_at"))
    }

    /// Lets a key run out because another takes its place; provided that it is as it was read.
    pub fn retire(&self, key: &ApiKey, retirement: Retirement) -> Result<Write, StoreError> {
        let retired = ApiKey { retirement: Some(retirement), ..key.clone() };
        let mut changes =
            vec![Change::set("retirement", encode(&retirement)?), Change::remove(orgs::SEALED_TEXT)];
        changes.extend(ttl(&retired).map(|ttl| Change::set(attr::TTL, ttl)));
        let same = as_it_was(key.retirement.as_ref())?;
        Ok(Write::update(orgs::key_key(&key.hash), changes).when(same).labelled(orgs::ENDED_KEY))
    }

    fn query(&self) -> Query {
        Query::on(Index::Gsi1, Key::partition(self.tenant, orgs::API_KEYS))
    }
}

/// The check that nobody has ended a key, nor put another in its place, since it was read.
pub fn same(hash: &KeyHash, retirement: Option<&Retirement>) -> Result<Write, StoreError> {
    Ok(Write::check(orgs::key_key(hash), as_it_was(retirement)?))
}

fn as_it_was(retirement: Option<&Retirement>) -> Result<Cond, StoreError> {
    let same = match retirement {
        Some(before) => Cond::eq("retirement", encode(before)?),
        None => Cond::missing("retirement"),
    };
    Ok(Cond::All(vec![Cond::Exists, Cond::missing("revoked_at"), same]))
}

/// Puts what a key makes into another client group, and binds it to others; provided that it is still there.
pub fn regroup(key: &ApiKey) -> Write {
    let mut changes = vec![Change::set("group_id", key.group_id.get())];
    for (name, groups) in [("groups", &key.groups), ("former", &key.former)] {
        if !groups.is_empty() {
            changes.push(Change::set(name, groups.iter().map(|group| group.get()).collect::<Vec<_>>()));
        }
    }
    Write::update(orgs::key_key(&key.hash), changes).when(Cond::Exists)
}

/// When the record of a key may vanish; none while nobody knows when the key ends.
pub(super) fn ttl(key: &ApiKey) -> Option<i64> {
    let end = key.revoked_at.or_else(|| key.runs_out_at())?;
    Some(end.plus(api_key::REMEMBERED).seconds())
}

/// Whether the record of a key has had its time. The store lets it go when it comes to that.
fn is_over(key: &ApiKey, now: Millis) -> bool {
    ttl(key).is_some_and(|ttl| ttl <= now.seconds())
}

/// A key of the index. One that cannot be read has its id from there: its own key is a hash.
fn row(item: &Item) -> Result<Row<ApiKey>, StoreError> {
    let error = match item.decode() {
        Ok(key) => return Ok(Ok(key)),
        Err(error) => error,
    };
    let attrs = item.attrs()?;
    let id = attrs.get(attr::GSI1_SK).and_then(serde_json::Value::as_str).and_then(|id| id.parse().ok());
    match id {
        Some(id) => Ok(Err(Unreadable { id, at: 0, why: error.to_string() })),
        None => Err(error),
    }
}
