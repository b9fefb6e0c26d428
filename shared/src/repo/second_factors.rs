//! The second factors of people.
//!
//! "What must this person's code be?" → one item, by the user's id: read by logins of those who have one, and by nobody else.

use crate::{
    domain::second_factor::SecondFactor,
    ids::UserId,
    store::{Cond, Key, Label, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// Label of the write that uses or changes one.
pub const FACTOR: Label = "second factor";

pub async fn get(
    store: &dyn Store,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<SecondFactor>, StoreError> {
    store.get(&key(tenant, user)).await?.map(|item| item.decode()).transpose()
}

/// The write of the next version; it refuses where the stored one is not the version before it.
pub fn put(tenant: TenantId, user: UserId, next: &SecondFactor) -> Result<Write, StoreError> {
    let before = if next.v <= 1 { Cond::Absent } else { Cond::version(next.v - 1) };
    Ok(Write::put(key(tenant, user), encode(next)?).when(before).labelled(FACTOR))
}

pub fn remove(tenant: TenantId, user: UserId) -> Write {
    Write::delete(key(tenant, user)).labelled(FACTOR)
}

fn key(tenant: TenantId, user: UserId) -> Key {
    Key::of(tenant, "second-factor", user.sortable())
}
