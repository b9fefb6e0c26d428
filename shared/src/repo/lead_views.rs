//! Columns in which users look at leads. "Which has this user chosen?" → one item per user.

use serde::{Deserialize, Serialize};

use crate::{
    ids::UserId,
    json::{self, Json},
    store::{Key, Store, StoreError, Write, encode},
    tenant::TenantId,
};

/// The chosen columns of one tenant's users.
#[derive(Clone, Copy)]
pub struct LeadViews<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

/// JSON as text: the store's own documents would refuse empty names and turn 1.0 into 1.
#[derive(Serialize, Deserialize)]
struct Stored {
    columns: String,
}

impl LeadViews<'_> {
    pub async fn get(&self, user: UserId) -> Result<Option<Vec<Json>>, StoreError> {
        let Some(item) = self.store.get(&self.key(user)).await? else { return Ok(None) };
        let Stored { columns } = item.decode()?;
        let columns =
            json::text(columns.as_bytes()).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(Some(columns.root().items().map(Json::from).collect()))
    }

    /// Replaces what the user has chosen, whatever that was.
    pub fn put(&self, user: UserId, columns: &[Json]) -> Result<Write, StoreError> {
        let columns =
            serde_json::to_string(columns).map_err(|error| StoreError::Invalid(error.to_string()))?;
        Ok(Write::put(self.key(user), encode(&Stored { columns })?))
    }

    fn key(&self, user: UserId) -> Key {
        Key::of(self.tenant, "lead-view", user.sortable())
    }
}
