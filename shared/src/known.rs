//! What one instance believes for a while: values that own their caches, so that who asks needs no more than them.
//!
//! Its one rule: nothing here reads the store. Who looks something up says for how long it is believed, and who changes it says
//! that it is not believed any more.

use std::{collections::HashMap, sync::Mutex};

use futures::lock::Mutex as AsyncMutex;

use crate::{
    clock::Millis,
    domain::{
        installation::{Installation, KeyState},
        money::Money,
    },
    ids::{InstallationId, Nid},
    recent::Recent,
    tenant::TenantId,
};

/// Which key n8n has said something of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Whose {
    pub tenant: TenantId,
    pub installation_id: InstallationId,
    pub key_version: u64,
}

/// What this instance saw lately: installations, and workflow nodes that exist for certain.
#[derive(Default)]
pub(crate) struct Sightings {
    pub(crate) installations: Recent<(TenantId, InstallationId), Installation>,
    pub(crate) nodes: Mutex<HashMap<(TenantId, Nid), Option<String>>>,
    /// Installations of which it was noted lately that they were heard of.
    pub(crate) heard: Recent<(TenantId, InstallationId), ()>,
    /// Whose webhook a path of an installation is, as this instance has stored it.
    pub(crate) webhooks: Recent<(TenantId, InstallationId, String), Nid>,
    /// Installations whose workflows nobody may list now because one was missed.
    pub(crate) listed: Recent<(TenantId, InstallationId), ()>,
    /// What n8n said last of a key.
    pub(crate) words: Recent<Whose, KeyState>,
}

/// What this instance knows lately of money and of what it has noted.
#[derive(Default)]
pub(crate) struct Metered {
    pub(crate) settled: Recent<TenantId, Money>,
    pub(crate) workflows: Recent<(TenantId, String), ()>,
    pub(crate) looks: Recent<(TenantId, Millis), ()>,
    pub(crate) turn: AsyncMutex<()>,
}
