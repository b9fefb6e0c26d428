//! Keys and access patterns, one file per entity, written once on top of `Store`.
//!
//! Its one rule: a repository is made for one tenant, and every key it makes starts with that tenant; and for one reach, out of
//! which nothing is there. [`Repos`] is how a
//! request, a worker and a test come by one.

pub mod alerts;
mod apart;
pub mod api_keys;
pub mod asks;
pub mod chats;
pub mod chores;
pub mod collections;
pub mod due;
pub mod entity;
pub mod entries;
pub mod events;
pub mod files;
pub mod followed_runs;
pub mod groupings;
pub mod idempotency;
pub mod indexed;
pub mod installations;
pub mod invoices;
pub mod key_uses;
pub mod known_networks;
pub mod lead_setup;
pub mod lead_views;
pub mod leads;
pub mod listing;
pub mod media;
pub mod media_stats;
pub mod members;
pub mod money;
pub mod n8n_credentials;
pub mod n8n_workflows;
pub mod notifications;
pub mod orgs;
pub mod pages;
pub mod payloads;
pub mod projects;
pub mod pushes;
pub mod second_factors;
pub mod sessions;
pub mod subjects;
pub mod table;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
pub mod triggers_under_way;
pub mod usage;
pub mod workflows;

use self::{
    entity::Entity,
    subjects::{Stored, Subjects},
    table::Table,
};
use crate::{
    domain::reach::{self, Reach},
    store::Store,
    tenant::TenantId,
};

/// What one tenant has stored: the way to every repository.
#[derive(Clone, Copy)]
pub struct Repos<'a> {
    store: &'a dyn Store,
    tenant: TenantId,
    reach: &'a Reach,
}

impl dyn Store {
    /// What the tenant has stored.
    pub fn for_tenant(&self, tenant: TenantId) -> Repos<'_> {
        Repos::new(self, tenant)
    }
}

impl<'a> Repos<'a> {
    /// The same as `for_tenant` of the port, for those who hold an engine and not the port.
    pub fn new(store: &'a dyn Store, tenant: TenantId) -> Self {
        Self { store, tenant, reach: &reach::ALL }
    }

    /// The same for whoever sees some client groups only: what lies in others is not there.
    #[must_use]
    pub fn within(self, reach: &'a Reach) -> Self {
        Self { reach, ..self }
    }

    pub fn tenant(self) -> TenantId {
        self.tenant
    }

    /// The port below, for what belongs to no repository.
    pub fn store(self) -> &'a dyn Store {
        self.store
    }

    /// The entities of a kind.
    pub fn table<E: Entity>(self) -> Table<'a, E> {
        Table::new(self.store, self.tenant).within(self.reach)
    }

    /// The entities of a kind that can be reviewed.
    pub fn subjects<E: Stored>(self) -> Subjects<'a, E> {
        self.table()
    }

    /// The token usage of one workflow.
    pub fn usage<'w>(self, workflow_id: &'w str) -> usage::UsageLog<'w>
    where
        'a: 'w,
    {
        usage::UsageLog { store: self.store, tenant: self.tenant, workflow_id, reach: self.reach }
    }

    pub fn alerts(self) -> alerts::Alerts<'a> {
        alerts::Alerts { store: self.store, tenant: self.tenant }
    }

    pub fn api_keys(self) -> api_keys::ApiKeys<'a> {
        api_keys::ApiKeys { store: self.store, tenant: self.tenant }
    }

    pub fn asks(self) -> asks::Asks<'a> {
        asks::Asks { store: self.store, tenant: self.tenant }
    }

    pub fn chats(self) -> chats::Chats<'a> {
        self.table()
    }

    pub fn chores(self) -> chores::Chores<'a> {
        self.table()
    }

    pub fn collections(self) -> collections::Collections<'a> {
        self.table()
    }

    pub fn events(self) -> events::Events<'a> {
        events::Events { store: self.store, tenant: self.tenant }
    }

    pub fn files(self) -> files::Files<'a> {
        files::Files { store: self.store, tenant: self.tenant, reach: self.reach }
    }

    pub fn installations(self) -> installations::Installations<'a> {
        self.table()
    }

    pub fn invoices(self) -> invoices::Invoices<'a> {
        self.table()
    }

    pub fn key_uses(self) -> key_uses::KeyUses<'a> {
        key_uses::KeyUses { store: self.store, tenant: self.tenant }
    }

    pub fn lead_views(self) -> lead_views::LeadViews<'a> {
        lead_views::LeadViews { store: self.store, tenant: self.tenant }
    }

    pub fn leads(self) -> leads::Leads<'a> {
        self.table()
    }

    pub fn media(self) -> media::MediaItems<'a> {
        self.table()
    }

    pub fn members(self) -> members::Members<'a> {
        members::Members { store: self.store, tenant: self.tenant }
    }

    pub fn n8n_credentials(self) -> n8n_credentials::N8nCredentials<'a> {
        self.table()
    }

    pub fn notifications(self) -> notifications::Notifications<'a> {
        self.table()
    }

    pub fn payloads(self) -> payloads::Payloads<'a> {
        self.table()
    }

    pub fn lead_setups(self) -> lead_setup::LeadSetups<'a> {
        self.table()
    }

    pub fn projects(self) -> projects::Projects<'a> {
        self.table()
    }

    pub fn pushes(self) -> pushes::Pushes<'a> {
        pushes::Pushes { store: self.store, tenant: self.tenant }
    }

    pub fn followed_runs(self) -> followed_runs::FollowedRuns<'a> {
        self.table()
    }

    pub fn settled(self) -> money::Settled<'a> {
        self.table()
    }

    pub fn groupings(self) -> groupings::Groupings<'a> {
        self.table()
    }

    pub fn spending(self) -> usage::Spending<'a> {
        usage::Spending { store: self.store, tenant: self.tenant }
    }

    pub fn unpriced(self) -> usage::Unpriced<'a> {
        usage::Unpriced { store: self.store, tenant: self.tenant }
    }

    pub fn usage_workflows(self) -> usage::UsageWorkflows<'a> {
        usage::UsageWorkflows { store: self.store, tenant: self.tenant }
    }

    pub fn n8n_workflows(self) -> n8n_workflows::N8nWorkflows<'a> {
        self.table()
    }

    pub fn workflows(self) -> workflows::Workflows<'a> {
        workflows::Workflows { store: self.store, tenant: self.tenant }
    }
}
