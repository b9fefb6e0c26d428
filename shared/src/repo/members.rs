//! The people of one organization, for those who look after them. Who logs in is found by [`super::orgs::login_candidate`].
//!
//! "Who is there?" → the tenant's partition, backwards. "Who is this?" → by id. "Does an admin stay?" → all of them, read together
//! with a mark that every transaction moves on which takes one away: two that do so at once do not both see the other stay.

use serde_json::Value;

use crate::{
    domain::org::{Group, User},
    ids::{GroupId, Id, UserId},
    repo::{
        listing,
        orgs::{self, EMAIL, EmailOwner, USER},
        pages::{self, Asked, Page, Source},
    },
    store::{
        Attrs, Change, Cond, Global, Item, Key, Label, Query, SortValue, Store, StoreError, Write, attr,
        encode,
    },
    tenant::TenantId,
};

/// Label of the write that moves the mark on.
pub const ADMINS: Label = "admins";

/// The people of one tenant.
#[derive(Clone, Copy)]
pub struct Members<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Members<'_> {
    pub async fn get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        orgs::user(self.store, self.tenant, id).await
    }

    /// A page of them, newest first, and how many there are.
    pub async fn page(&self, asked: Asked) -> Result<Page<User>, StoreError> {
        let source = Source {
            store: self.store,
            query: self.query().newest_first(),
            below: &|query, id| {
                let last = id.get().checked_sub(1).and_then(Id::from_u64).unwrap_or(Id::SMALLEST);
                query.between(SortValue::S(Id::SMALLEST.sortable()), SortValue::S(last.sortable()))
            },
            row: listing::row,
            id: |user: &User| user.id.untyped(),
            wanted: |_: &User| true,
        };
        pages::read(&source, asked, true).await
    }

    /// All of them, oldest first: as many as an organization may have at most, and those whom the operator made.
    pub async fn all(&self) -> Result<Vec<User>, StoreError> {
        let mut all = Vec::new();
        let mut query = self.query().limit(500);
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                all.push(item.decode()?);
            }
            if page.next.is_none() {
                return Ok(all);
            }
            query.after = page.next;
        }
    }

    /// Those of these groups that the organization has.
    pub async fn groups_among(&self, groups: &[GroupId]) -> Result<Vec<GroupId>, StoreError> {
        let keys: Vec<_> = groups.iter().map(|id| orgs::group_key(self.tenant, *id)).collect();
        let found = self.store.batch_get(&keys).await?;
        let groups = found.iter().map(Item::decode::<Group>).collect::<Result<Vec<_>, _>>()?;
        Ok(groups.into_iter().filter(Group::is_open).map(|group| group.id).collect())
    }

    /// The mark, to be read before [`all`](Self::all).
    pub async fn mark(&self) -> Result<u64, StoreError> {
        let Some(item) = self.store.get(&self.mark_key()).await? else { return Ok(0) };
        Ok(item.attrs()?.get(attr::VERSION).and_then(Value::as_u64).unwrap_or(0))
    }

    /// The write that moves the mark on, provided that nobody has: it belongs into every transaction that takes an admin away.
    pub fn fewer_admins(&self, mark: u64) -> Write {
        let same = if mark == 0 { Cond::Absent } else { Cond::version(mark) };
        let changes = vec![Change::set(attr::VERSION, mark + 1)];
        Write::update(self.mark_key(), changes).when(same).labelled(ADMINS)
    }

    /// The writes that make somebody a member, all or none.
    pub fn insert(&self, user: &User) -> Result<Vec<Write>, StoreError> {
        let owner = EmailOwner { tenant: self.tenant, user_id: user.id };
        Ok(vec![
            Write::put(Key::global(Global::Email, &user.email), encode(&owner)?)
                .when(Cond::Absent)
                .labelled(EMAIL),
            Write::put(orgs::user_key(self.tenant, user.id), encode(user)?).drawn().labelled(USER),
        ])
    }

    /// The writes that take a user away, and free the address: all or none, provided that the user is as it was read.
    pub fn remove(&self, user: &User) -> Vec<Write> {
        vec![
            Write::delete(orgs::user_key(self.tenant, user.id))
                .when(orgs::same_generation(user))
                .when(Cond::eq("role", user.role.as_str()))
                .labelled(USER),
            Write::delete(Key::global(Global::Email, &user.email)),
        ]
    }

    fn query(&self) -> Query {
        Query::table(Key::partition(self.tenant, "user"))
    }

    fn mark_key(&self) -> Key {
        Key::of(self.tenant, "admins", "-")
    }
}

/// The write that changes a user, provided that what it changes, and what his sessions hang on, is as in `before`.
pub fn change(before: &User, after: &User) -> Result<Write, StoreError> {
    let (old, new) = (encode(before)?, encode(after)?);
    let mut same = vec![Cond::Exists, orgs::same_generation(before)];
    let mut changes = Vec::new();
    for (name, value) in &new {
        if old.get(name) != Some(value) {
            changes.push(Change::Set(name.clone(), value.clone()));
            same.push(stands(&old, name));
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        changes.push(Change::remove(name));
        same.push(stands(&old, name));
    }
    Ok(Write::update(orgs::user_key(before.tenant, before.id), changes).when(Cond::All(same)).labelled(USER))
}

/// That an attribute is as it was read. What has a default may not have been written yet.
fn stands(old: &Attrs, name: &str) -> Cond {
    let default = |value: &Value| *value == 0 || *value == "active";
    match old.get(name) {
        None => Cond::missing(name),
        Some(value) if default(value) => Cond::Any(vec![Cond::missing(name), Cond::eq(name, value.clone())]),
        Some(value) => Cond::eq(name, value.clone()),
    }
}
