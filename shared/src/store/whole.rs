//! Everything of one tenant, whatever its key: for the commands that restore, export and erase an organization.
//!
//! Its one rule: no request and no worker asks this. It reads the whole table, because a partition that nobody thinks of any more is
//! found in no other way.

use async_trait::async_trait;
use serde_json::Value;

use super::{Attrs, Key, Page, StoreError};
use crate::tenant::TenantId;

/// The way to everything.
#[async_trait]
pub trait Whole: Send + Sync + 'static {
    /// A page of what a tenant has: its own partitions, and what names it outside of them. A page may be empty and not the last.
    async fn of_tenant(&self, tenant: TenantId, after: Option<&Key>) -> Result<Page, StoreError>;
}

/// Whether an item is a tenant's.
pub fn belongs(tenant: TenantId, key: &Key, attrs: &Attrs) -> bool {
    key.tenant() == Some(tenant)
        || (key.pk().starts_with("G#") && attrs.get(OWNER) == Some(&Value::from(tenant.0)))
}

/// The attribute in which an item outside of every tenant's partitions names the tenant that it belongs to.
pub(super) const OWNER: &str = "tenant";
