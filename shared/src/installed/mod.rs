//! Which n8n a request speaks of: from an id, a URL or a workflow to the installation and its workflow node, and to its API.

mod key_health;

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use key_health::KeyOf;
use url::Url;

use crate::{
    app::App,
    domain::{
        installation::Installation,
        n8n_workflow::{self, N8nWorkflow},
        place::Place,
        reach::{self, Reach},
    },
    error::{Error, OrNotFound, Result},
    ids::{InstallationId, Nid},
    n8n::client::{Line, N8n, Turn},
    repo::{
        installations::{Installations, LISTINGS_APART},
        n8n_workflows::N8nWorkflows,
    },
    store::StoreError,
    tenant::TenantId,
};

/// An installation read lately is believed for this long.
const BELIEVED: Duration = Duration::from_secs(30);
/// How often it is noted that an installation was heard of.
const NOTED: Duration = Duration::from_secs(60);
/// A webhook that was stored lately is believed to stand there for this long.
const STANDS: Duration = Duration::from_secs(600);
/// Workflow nodes remembered by one instance.
const REMEMBERED: usize = 10_000;

/// Lookups inside one tenant.
#[derive(Clone, Copy)]
pub struct Installed<'a> {
    pub app: &'a App,
    pub tenant: TenantId,
    reach: &'a Reach,
}

impl<'a> Installed<'a> {
    /// All of the tenant's.
    pub fn new(app: &'a App, tenant: TenantId) -> Self {
        Self { app, tenant, reach: &reach::ALL }
    }

    /// The same for whoever sees some client groups only: what lies in others is not there.
    #[must_use]
    pub fn within(self, reach: &'a Reach) -> Self {
        Self { reach, ..self }
    }

    /// The API of an installation's n8n, with its key. What n8n says of the key is noted by the way.
    pub async fn n8n(&self, installation: &Installation, turn: Turn) -> Result<N8n<'a>> {
        let Self { app, tenant, .. } = *self;
        let record = installation.seal_record();
        let api_key = app.sealer.open(tenant, &record, &installation.sealed_api_key).await?;
        let n8n = N8n::at(line(app), &installation.host, api_key, turn)?;
        Ok(n8n.heard_by(KeyOf { app, tenant, read: installation.clone() }))
    }
}

/// What calls to n8n go out by.
pub fn line(app: &App) -> Line<'_> {
    Line { http: &*app.http, hosts: &app.hosts, rooms: &app.rooms, clock: &*app.clock }
}

impl Installed<'_> {
    fn installations(&self) -> Installations<'_> {
        self.app.repos(self.tenant).within(self.reach).installations()
    }

    fn n8n_workflows(&self) -> N8nWorkflows<'_> {
        self.app.repos(self.tenant).n8n_workflows()
    }

    /// The installation, 404 when it is nobody's or another tenant's.
    pub async fn get(&self, id: InstallationId) -> Result<Arc<Installation>> {
        self.find(id).await?.or_not_found("installation")
    }

    /// The installation, if it is there. What refers to one may outlive it.
    pub async fn find(&self, id: InstallationId) -> Result<Option<Arc<Installation>>> {
        let recent = &self.app.sightings.installations;
        // What is remembered is everybody's: who may see it is asked afterwards.
        let stored = async { self.app.repos(self.tenant).installations().get(id).await };
        let found = recent.or_read((self.tenant, id), self.app.moment(), BELIEVED, stored).await?;
        Ok(found.filter(|found| self.reach.covers(found.group_id)))
    }

    /// Whether what belongs to an installation is there for whoever asks. Costs nothing for who is bound to no client group.
    pub async fn shows(&self, id: InstallationId) -> Result<bool> {
        Ok(self.reach.is_all() || self.find(id).await?.is_some())
    }

    /// Those of the installations that have a workflow which are there for whoever asks.
    pub async fn having(&self, workflow_id: &str) -> Result<Vec<InstallationId>> {
        let all = self.n8n_workflows().installations_with(workflow_id).await?;
        if self.reach.is_all() {
            return Ok(all);
        }
        let mut shown = Vec::new();
        for id in all {
            shown.extend(self.shows(id).await?.then_some(id));
        }
        Ok(shown)
    }

    /// Notes that an installation was heard of, once a minute. That is worth no error.
    pub async fn heard_of(&self, id: InstallationId) {
        let (now, heard) = (self.app.moment(), &self.app.sightings.heard);
        if heard.get(&(self.tenant, id), now).is_some() {
            return;
        }
        match self.app.store.write(self.installations().see(id, self.app.now())).await {
            Ok(_) => heard.put((self.tenant, id), Arc::new(()), now, NOTED),
            // It was deleted.
            Err(StoreError::ConditionFailed(_)) => {}
            Err(error) => {
                tracing::debug!(%error, installation = %id, "that an n8n was heard of could not be noted");
            }
        }
    }

    /// Forgets what was cached of an installation, because it was just changed here.
    pub fn forget(&self, id: InstallationId) {
        self.reread(id);
        self.app.sightings.words.forget_where(|whose, _| whose.installation_id == id);
    }

    /// Reads an installation again when somebody asks for it next.
    pub(crate) fn reread(&self, id: InstallationId) {
        self.app.sightings.installations.forget(&(self.tenant, id));
    }

    /// The installation at or below whose address a URL lies: the nearest above it; of several registrations of one n8n the
    /// oldest.
    pub async fn by_url(&self, url: &Url) -> Result<Option<Arc<Installation>>> {
        match self.installations().at(&Place::of(url)).await? {
            Some(id) => self.find(id).await,
            None => Ok(None),
        }
    }

    /// The installation that has a workflow, when exactly one has.
    pub async fn with_workflow(&self, workflow_id: &str) -> Result<Option<Arc<Installation>>> {
        match self.having(workflow_id).await?.as_slice() {
            [one] => self.find(*one).await,
            _ => Ok(None),
        }
    }

    /// The installation that can be meant by a URL which lies on none: the nearest of those with the URL's host name, whatever
    /// the scheme and the port, or else the tenant's only one. An installation of the URL's own origin is not meant: there the
    /// path has said so.
    pub async fn meant_by(&self, url: &Url) -> Result<Option<Arc<Installation>>> {
        let all = self.installations().all().await?;
        let wanted = Place::of(url);
        let named = all.iter().filter(|installation| !installation.owns(url)).flat_map(|installation| {
            let places =
                installation.addresses().into_iter().filter(|base| base.host_str() == url.host_str());
            let above = places.map(|base| Place::of(&base)).filter(|place| wanted.lies_below(&place.path()));
            above.map(move |place| (place.depth(), installation))
        });
        let named: Vec<_> = named.collect();
        let deepest = named.iter().map(|(depth, _)| *depth).max();
        let mut nearest: Vec<_> = named.iter().filter(|(depth, _)| Some(*depth) == deepest).collect();
        nearest.dedup_by_key(|(_, installation)| installation.id);
        match (nearest.as_slice(), all.as_slice()) {
            ([(_, one)], _) => Ok(Some(Arc::new((*one).clone()))),
            ([], [one]) if !one.owns(url) => Ok(Some(Arc::new(one.clone()))),
            _ => Ok(None),
        }
    }

    /// The installation that has a workflow, or the tenant's only one. None when that does not settle it.
    pub async fn by_workflow(&self, workflow_id: &str) -> Result<Option<Arc<Installation>>> {
        let mut having = Vec::new();
        for id in self.having(workflow_id).await? {
            // What is known of the workflows of a deleted one goes a while after it.
            having.extend(self.find(id).await?);
        }
        match (having.pop(), having.is_empty()) {
            (Some(one), true) => Ok(Some(one)),
            (Some(_), false) => Ok(None),
            (None, _) => match self.installations().only().await? {
                Some(id) => self.find(id).await,
                None => Ok(None),
            },
        }
    }

    /// The `nid` of a workflow, whose node exists from now on. Costs a write the first time that an instance meets the
    /// workflow and nothing later.
    pub async fn node(
        &self,
        installation: InstallationId,
        workflow_id: &str,
        name: Option<&str>,
    ) -> Result<Nid> {
        let nid = n8n_workflow::nid(self.tenant, installation, workflow_id);
        if self.is_known(nid, name) {
            return Ok(nid);
        }
        let new = N8nWorkflow {
            nid,
            installation_id: installation,
            workflow_id: workflow_id.to_owned(),
            name: name.map(str::to_owned),
            created_at: self.app.now(),
            run: None,
            v: 1,
        };
        self.n8n_workflows().ensure(&new).await.map_err(Error::from)?;
        let mut nodes = self.app.sightings.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if nodes.len() >= REMEMBERED {
            nodes.clear();
        }
        nodes.insert((self.tenant, nid), new.name);
        Ok(nid)
    }

    /// Remembers whose production webhook a path is. Costs a write, and nothing while this instance knows that it stands so.
    pub async fn put_webhook(&self, installation: InstallationId, path: &str, nid: Nid) -> Result<()> {
        let (now, recent) = (self.app.moment(), &self.app.sightings.webhooks);
        let key = (self.tenant, installation, path.to_owned());
        if recent.get(&key, now).is_some_and(|known| *known == nid) {
            return Ok(());
        }
        self.n8n_workflows().put_webhook(installation, path, nid).await?;
        recent.put(key, Arc::new(nid), now, STANDS);
        Ok(())
    }

    /// Whether an installation's workflows may be listed now because one was missed: by one of all who miss one, once a
    /// minute. Costs a read and a write, and nothing while this instance knows that it may not.
    pub async fn may_list(&self, installation: InstallationId) -> Result<bool> {
        let (now, recent) = (self.app.moment(), &self.app.sightings.listed);
        let key = (self.tenant, installation);
        if recent.get(&key, now).is_some() {
            return Ok(false);
        }
        let left = self.installations().may_list(installation, self.app.now()).await?;
        recent.put(key, Arc::new(()), now, left.unwrap_or(LISTINGS_APART));
        Ok(left.is_none())
    }

    /// The workflow whose production webhook an address of an installation is, as n8n's API last listed it.
    pub async fn by_webhook(
        &self,
        installation: &Installation,
        endpoint: &Url,
    ) -> Result<Option<N8nWorkflow>> {
        match installation.webhook_path(endpoint) {
            Some(path) => Ok(self.n8n_workflows().by_webhook(installation.id, &path).await?),
            None => Ok(None),
        }
    }

    fn is_known(&self, nid: Nid, name: Option<&str>) -> bool {
        let nodes = self.app.sightings.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.get(&(self.tenant, nid)).is_some_and(|known| name.is_none() || known.as_deref() == name)
    }
}
