//! Organizations, users, groups and API keys.
//!
//! "Whose key is this?" → global item under the key's hash. "Which keys has the organization?" → index `gsi1`, newest
//! last. "Is this address taken?" → global guard item under the folded address.

use serde_json::Value;

use crate::{
    clock::Millis,
    domain::{
        api_key::{self, ApiKey, KeyHash},
        org::{Group, Organization, User, UserStatus},
    },
    ids::{EntityId, GroupId, Id, UserId},
    repo::{
        api_keys,
        listing::{self, Row},
    },
    store::{
        self, Change, Cond, Global, Index, Item, Key, Label, Query, Store, StoreError, Write, attr, encode,
    },
    tenant::TenantId,
};

pub(super) const SEALED_TEXT: &str = "sealed_text";
/// The partition of `gsi1` in which an organization's keys lie.
pub(super) const API_KEYS: &str = "api-key";

/// Label of the write that takes an e-mail address.
pub const EMAIL: Label = "email";
/// Label of the write that changes an organization.
pub const ORGANIZATION: Label = "organization";
/// Label of the write that changes a user.
pub const USER: Label = "user";
/// Label of the write that ends a key, at once or after a while.
pub const ENDED_KEY: Label = "ended key";

/// The writes that create an organization with its first user, group and key: all or none.
pub fn create(
    org: &Organization,
    admin: &User,
    group: &Group,
    key: &ApiKey,
) -> Result<Vec<Write>, StoreError> {
    let mut writes = create_user(admin, key)?;
    writes.push(Write::put(organization_key(org.id), encode(org)?).when(Cond::Absent));
    writes.push(Write::put(group_key(org.id, group.id), encode(group)?).when(Cond::Absent));
    Ok(writes)
}

/// The writes that create a user with the personal key: all or none.
pub fn create_user(user: &User, key: &ApiKey) -> Result<Vec<Write>, StoreError> {
    let owner = EmailOwner { tenant: user.tenant, user_id: user.id };
    Ok(vec![
        Write::put(Key::global(Global::Email, &user.email), encode(&owner)?)
            .when(Cond::Absent)
            .labelled(EMAIL),
        Write::put(user_key(user.tenant, user.id), encode(user)?).when(Cond::Absent).labelled(USER),
        insert_key(key)?,
    ])
}

pub async fn organization(store: &dyn Store, tenant: TenantId) -> Result<Option<Organization>, StoreError> {
    store.get(&organization_key(tenant)).await?.map(|item| item.decode()).transpose()
}

/// The write that replaces an organization by its next version; it refuses where the stored one is another by now.
pub fn replace(before: &Organization, after: &Organization) -> Result<Write, StoreError> {
    let same = match before.v {
        // One that was stored before there were versions has none.
        0 => Cond::All(vec![Cond::Exists, Cond::missing(attr::VERSION)]),
        v => Cond::version(v),
    };
    Ok(Write::put(organization_key(after.id), encode(after)?).when(same).labelled(ORGANIZATION))
}

pub async fn user(store: &dyn Store, tenant: TenantId, id: UserId) -> Result<Option<User>, StoreError> {
    store.get(&user_key(tenant, id)).await?.map(|item| item.decode()).transpose()
}

/// The user who owns an address, of whichever organization.
pub async fn user_by_email(store: &dyn Store, folded: &str) -> Result<Option<User>, StoreError> {
    let Some(guard) = store.get(&Key::global(Global::Email, folded)).await? else { return Ok(None) };
    let owner: EmailOwner = guard.decode()?;
    user(store, owner.tenant, owner.user_id).await
}

/// Who was invited with an address, of whichever organization, and cannot come any more.
pub async fn lapsed(store: &dyn Store, folded: &str, now: Millis) -> Result<Option<User>, StoreError> {
    Ok(user_by_email(store, folded).await?.filter(|owner| owner.has_lapsed(now)))
}

/// Lets the one among these writes that takes an address take it from somebody who cannot come any more, and who is gone with that;
/// provided that nobody has invited him again.
pub fn take_over(mut writes: Vec<Write>, from: &User) -> Result<Vec<Write>, StoreError> {
    let (tenant, user_id) = (Value::from(from.tenant.0), Value::from(from.id.get()));
    let his = Cond::All(vec![Cond::eq("tenant", tenant), Cond::eq("user_id", user_id)]);
    for write in writes.iter_mut().filter(|write| write.label == EMAIL) {
        write.cond = his.clone();
    }
    let same_ticket = match &from.ticket {
        Some(ticket) => Cond::eq("ticket", encode(ticket)?),
        None => Cond::missing("ticket"),
    };
    let gone = Write::delete(user_key(from.tenant, from.id))
        .when(same_generation(from))
        .when(Cond::eq("status", UserStatus::Invited.as_str()))
        .when(same_ticket);
    writes.push(gone.labelled(EMAIL));
    Ok(writes)
}

/// The same for somebody who logs in: two reads also where nobody owns the address, so that time and cost do not tell.
pub async fn login_candidate(store: &dyn Store, folded: &str) -> Result<Option<User>, StoreError> {
    let owner = match store.get(&Key::global(Global::Email, folded)).await? {
        Some(guard) => guard.decode()?,
        None => EmailOwner { tenant: TenantId(0), user_id: UserId::of(Id::SMALLEST) },
    };
    user(store, owner.tenant, owner.user_id).await
}

#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct EmailOwner {
    pub tenant: TenantId,
    pub user_id: UserId,
}

/// Gives the user a new password, which ends every session; provided that nobody else did so meanwhile.
pub fn set_password(user: &User, password_hash: &str) -> Write {
    let changes = vec![
        Change::set("password_hash", password_hash),
        Change::add("generation", 1),
        // Whoever knows the password needs no other way in.
        Change::remove("ticket"),
    ];
    Write::update(user_key(user.tenant, user.id), changes).when(same_generation(user)).labelled(USER)
}

/// The check that a user is still there, and of this generation.
pub fn same_user(tenant: TenantId, id: UserId, generation: u64) -> Write {
    Write::check(user_key(tenant, id), of_generation(generation))
}

pub(super) fn same_generation(user: &User) -> Cond {
    of_generation(user.generation)
}

/// A user that was stored before there were generations has none.
fn of_generation(generation: u64) -> Cond {
    match generation {
        0 => Cond::All(vec![
            Cond::Exists,
            Cond::Any(vec![Cond::missing("generation"), Cond::eq("generation", 0)]),
        ]),
        generation => Cond::eq("generation", generation),
    }
}

/// The writes that replace the user's personal key by a new one, all or none: the old one ends.
pub fn replace_personal_key(
    user: &User,
    old: Option<&ApiKey>,
    new: &ApiKey,
) -> Result<Vec<Write>, StoreError> {
    let mut writes = vec![set_personal_key(user, new), insert_key(new)?];
    if let Some(old) = old.filter(|old| old.revoked_at.is_none()) {
        writes.push(end_key(&old.hash, new.created_at));
    }
    Ok(writes)
}

/// Makes a key the user's personal one, in the place of the one that the user has.
pub fn set_personal_key(user: &User, new: &ApiKey) -> Write {
    let same = match &user.api_key {
        Some(hash) => Cond::eq("api_key", hash.as_str()),
        None => Cond::All(vec![Cond::Exists, Cond::missing("api_key")]),
    };
    let change = Change::set("api_key", new.hash.as_str());
    Write::update(user_key(user.tenant, user.id), vec![change]).when(same).labelled(USER)
}

/// Lets go of the sealed text of a key, which its owner has now; provided that it is still there.
pub fn forget_key_text(hash: &KeyHash) -> Write {
    Write::update(key_key(hash), vec![Change::remove(SEALED_TEXT)]).when(Cond::has(SEALED_TEXT))
}

pub async fn group(store: &dyn Store, tenant: TenantId, id: GroupId) -> Result<Option<Group>, StoreError> {
    store.get(&group_key(tenant, id)).await?.map(|item| item.decode()).transpose()
}

/// The client groups of an organization, oldest first, also those that are being deleted.
pub async fn groups(store: &dyn Store, tenant: TenantId) -> Result<Vec<Group>, StoreError> {
    all(store, Query::table(Key::partition(tenant, "group"))).await
}

/// The same for a list: one that cannot be read stands there as that.
pub async fn group_rows(store: &dyn Store, tenant: TenantId) -> Result<Vec<Row<Group>>, StoreError> {
    items(store, Query::table(Key::partition(tenant, "group")), listing::row).await
}

/// The oldest client group that is not being deleted: what lies nowhere else lies there.
pub async fn open_group(store: &dyn Store, tenant: TenantId) -> Result<Option<Group>, StoreError> {
    let mut query = Query::table(Key::partition(tenant, "group")).limit(10);
    loop {
        let page = store.query(&query).await?;
        for item in &page.items {
            let group: Group = item.decode()?;
            if group.is_open() {
                return Ok(Some(group));
            }
        }
        if page.next.is_none() {
            return Ok(None);
        }
        query.after = page.next;
    }
}

/// Label of the write that changes a client group.
pub const GROUP: Label = "group";

pub fn insert_group(tenant: TenantId, group: &Group) -> Result<Write, StoreError> {
    Ok(Write::put(group_key(tenant, group.id), encode(group)?).when(Cond::Absent).labelled(GROUP))
}

/// The write that replaces a client group by its next version; it refuses where the stored one is another by now.
pub fn replace_group(tenant: TenantId, before: &Group, after: &Group) -> Result<Write, StoreError> {
    Ok(Write::put(group_key(tenant, after.id), encode(after)?).when(same_group(before)).labelled(GROUP))
}

/// The write that lets go of a client group as it stands in `before`.
pub fn delete_group(tenant: TenantId, before: &Group) -> Write {
    Write::delete(group_key(tenant, before.id)).when(same_group(before)).labelled(GROUP)
}

fn same_group(before: &Group) -> Cond {
    match before.v {
        // One that was stored before there were versions has none.
        0 => Cond::All(vec![Cond::Exists, Cond::missing(attr::VERSION)]),
        v => Cond::version(v),
    }
}

/// The users of an organization, oldest first.
pub async fn users(store: &dyn Store, tenant: TenantId) -> Result<Vec<User>, StoreError> {
    all(store, Query::table(Key::partition(tenant, "user"))).await
}

/// Binds a user to other client groups and notes where some went, provided that nobody else did so meanwhile.
pub fn move_user(before: &User, after: &User) -> Result<Write, StoreError> {
    let groups = |user: &User| user.groups.iter().map(|group| group.get()).collect::<Vec<_>>();
    let same = match before.groups.is_empty() {
        true => Cond::missing("groups"),
        false => Cond::eq("groups", groups(before)),
    };
    let mut changes = vec![Change::set("moved", serde_json::json!(after.moved))];
    if !after.groups.is_empty() {
        changes.push(Change::set("groups", groups(after)));
    }
    if !after.former.is_empty() {
        changes.push(Change::set("former", serde_json::json!(after.former)));
    }
    let key = user_key(before.tenant, before.id);
    Ok(Write::update(key, changes).when(Cond::All(vec![Cond::Exists, same])).labelled(USER))
}

/// Everything that a query finds.
async fn all<T: serde::de::DeserializeOwned>(store: &dyn Store, query: Query) -> Result<Vec<T>, StoreError> {
    items(store, query, Item::decode).await
}

/// The same, each item read in another way.
async fn items<T>(
    store: &dyn Store,
    query: Query,
    read: impl Fn(&Item) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let (mut query, mut found) = (query.limit(1000), Vec::new());
    loop {
        let page = store.query(&query).await?;
        for item in &page.items {
            found.push(read(item)?);
        }
        if page.next.is_none() {
            return Ok(found);
        }
        query.after = page.next;
    }
}

pub async fn key(store: &dyn Store, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
    store.get(&key_key(hash)).await?.map(|item| item.decode()).transpose()
}

pub fn insert_key(key: &ApiKey) -> Result<Write, StoreError> {
    let mut attrs = encode(key)?;
    attrs.insert(attr::GSI1_PK.into(), Key::partition(key.tenant, API_KEYS).into());
    attrs.insert(attr::GSI1_SK.into(), key.id.sortable().into());
    if let Some(ttl) = api_keys::ttl(key) {
        attrs.insert(attr::TTL.into(), ttl.into());
    }
    Ok(Write::put(key_key(&key.hash), attrs).when(Cond::Absent))
}

/// All keys of an organization, oldest first.
pub async fn keys(store: &dyn Store, tenant: TenantId) -> Result<Vec<ApiKey>, StoreError> {
    let mut keys = Vec::new();
    let mut query = Query::on(Index::Gsi1, Key::partition(tenant, API_KEYS));
    loop {
        let page = store::page(store, &query).await?;
        for item in &page.items {
            keys.push(item.decode()?);
        }
        if page.next.is_none() {
            return Ok(keys);
        }
        query.after = page.next;
    }
}

/// Ends a key at once; instances that hold it in their cache follow within a minute.
pub async fn revoke_key(store: &dyn Store, hash: &KeyHash, now: Millis) -> Result<(), StoreError> {
    store.write(end_key(hash, now)).await.map(|_| ())
}

/// The write that ends a key.
pub fn end_key(hash: &KeyHash, now: Millis) -> Write {
    let ttl = now.plus(api_key::REMEMBERED).seconds();
    let changes =
        vec![Change::set("revoked_at", now.0), Change::set(attr::TTL, ttl), Change::remove(SEALED_TEXT)];
    Write::update(key_key(hash), changes).when(Cond::Exists).labelled(ENDED_KEY)
}

fn organization_key(tenant: TenantId) -> Key {
    Key::of(tenant, "org", "-")
}

pub(super) fn user_key(tenant: TenantId, id: UserId) -> Key {
    Key::of(tenant, "user", id.sortable())
}

pub(super) fn group_key(tenant: TenantId, id: GroupId) -> Key {
    Key::of(tenant, "group", id.sortable())
}

pub(super) fn key_key(hash: &KeyHash) -> Key {
    Key::global(Global::ApiKey, hash.as_str())
}
