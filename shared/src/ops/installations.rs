//! n8n instances: registering and deleting them.
//!
//! Its one rule: an instance is registered whatever n8n says of the key; what it says is kept, and told.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, future::try_join, stream};
use secrecy::SecretString;

use super::{
    Warning,
    act::{Act, Refused},
    again::Again,
    happened,
    origin::check_group,
};
use crate::{
    clock::{Deadline, Millis},
    domain::{
        chore::What,
        event::EventType,
        installation::{Installation, KeyHealth, KeyState},
        n8n_host::n8n_base_url,
    },
    egress::{OutError, parse_url},
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::{GroupId, Id, InstallationId},
    installed::line,
    n8n::client::{N8n, N8nError, Probe, Turn},
    queue::TaskKind,
    repo::{installations::INSTANCE, listing::Listed, orgs},
};

/// So long may n8n take to say how it takes the key: the registration stands without its word.
const PROBE: Duration = Duration::from_secs(2);
/// Installations whose workflows are counted side by side.
const SIDE_BY_SIDE: usize = 32;

/// An n8n to register.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The caller's own name for it; registering the same name again updates it.
    pub instance_id: String,
    /// From [`base_url`].
    pub host: String,
    /// From [`base_url`].
    pub webhook_url: Option<String>,
    pub api_key: SecretString,
    pub title: String,
    /// The client group that what it sends lies in: that of who registers it, or the one it is in already, when left out.
    pub group_id: Option<GroupId>,
    /// Of its addresses.
    pub warnings: Vec<Warning>,
}

/// A registered n8n.
#[derive(Debug)]
pub struct Registered {
    pub id: InstallationId,
    /// It was not registered before.
    pub is_new: bool,
    pub api: ApiHealth,
    pub warnings: Vec<Warning>,
}

/// How n8n's API takes the key, asked once.
#[derive(Debug, Clone)]
pub struct ApiHealth {
    /// None: it did not say in time.
    pub ok: Option<bool>,
    /// Why it is not true.
    pub error: Option<String>,
}

/// Lists the instances, newest first, and how many workflows of each that can be read are known.
pub async fn list(act: &Act, limit: usize, before: Option<Id>) -> Result<(Listed<Installation>, Vec<usize>)> {
    let page = act.repos().installations().list(limit, before).await?;
    let workflows = act.repos().n8n_workflows();
    let ids: Vec<_> = page.found.iter().map(|installation| installation.id).collect();
    let counts = stream::iter(ids).map(|id| workflows.count(id)).buffered(SIDE_BY_SIDE);
    Ok((page, counts.try_collect().await?))
}

/// The base URL of n8n that an address names, if Baton may call it, and whether it had to be cut to it; or what is wrong with it.
pub async fn base_url(act: &Act, address: &str) -> Result<(String, bool), String> {
    let (base, cut) = n8n_base_url(address)?;
    let verdict = match parse_url(&base) {
        Ok(url) => act.app.http.check(&url).await,
        Err(error) => Err(error),
    };
    match verdict {
        Ok(()) => Ok((base, cut)),
        Err(error @ OutError::Refused(_)) => Err(error.to_string()),
        Err(error) => Err(format!("cannot be looked up: {error}")),
    }
}

/// Registers an n8n, or updates the one of the same name. Its workflows are listed in the background.
pub async fn register(act: &Act, registration: Registration) -> Result<Registered> {
    check_group(act, registration.group_id).await?;
    let (api, health) = probe(act, &registration).await?;
    let mut again = Again::new(&act.app, "the installation");
    let registered = loop {
        match store(act, &registration, &api, health).await {
            Ok(registered) => break registered,
            // Registered or changed by somebody else at the same moment: look again.
            Err(refused) => again.after(refused).await?,
        }
    };
    act.installed().forget(registered.id);
    let list = act.task(TaskKind::ListWorkflows, &act.repos().installations().key(registered.id));
    act.app.hint(&list, act.now).await;
    Ok(registered)
}

/// Asks n8n once.
async fn probe(act: &Act, registration: &Registration) -> Result<(ApiHealth, Option<KeyHealth>)> {
    let turn = Turn::urgent(act.deadline.min(Deadline::at(act.app.now().plus(PROBE))));
    let n8n = N8n::at(line(&act.app), &registration.host, registration.api_key.clone(), turn)?.patient(PROBE);
    let (ok, error) = match n8n.probe().await {
        Probe::Taken => (Some(true), None),
        Probe::Refused(error) => (Some(false), Some(error)),
        Probe::Unknown(error) => (None, Some(error)),
    };
    let state = match (ok, &error) {
        (Some(true), _) => Some(KeyState::Ok),
        (_, Some(N8nError::KeyRefused(_))) => Some(KeyState::Refused),
        _ => None,
    };
    let error = error.map(|error| match error {
        N8nError::Unreachable(OutError::Timeout) => {
            format!("n8n did not answer within {} seconds", PROBE.as_secs())
        }
        error => error.to_string(),
    });
    Ok((ApiHealth { ok, error }, state.map(|state| KeyHealth { state, since: act.now })))
}

async fn store(
    act: &Act,
    registration: &Registration,
    api: &ApiHealth,
    health: Option<KeyHealth>,
) -> Result<Registered, Refused> {
    let installations = act.repos().installations();
    let known = installations.by_instance(&registration.instance_id).await?;
    let (id, key_version) = match &known {
        Some(old) => (old.id, old.key_version + 1),
        None => (act.app.id(), 1),
    };
    let record = Installation::record_of(id, key_version);
    let sealed =
        act.app.sealer.seal(act.tenant, &record, &registration.api_key).await.map_err(Error::from)?;
    // An n8n that judges the key was heard of.
    let seen_at = health.map(|health| health.since);
    let new = made(act, registration, known.as_ref(), (id, key_version, sealed), (health, seen_at));
    let mut writes = match &known {
        Some(old) => installations.replace(old, &new, Some(act.now))?,
        None => installations.insert(&new, act.now)?,
    };
    writes.push(happened::installation(act, EventType::InstallationRegistered, &new)?);
    let warnings = registration.warnings.clone();
    let registered = Registered { id, is_new: known.is_none(), api: api.clone(), warnings };
    match act.commit(writes, &registered).await {
        // Names are the organization's: another group's installation has this one.
        Err(Refused::Write(INSTANCE, _)) if !act.reach.is_all() => {
            let message =
                "This instance_id is another installation's of the organization. Choose another one.";
            Err(Error::new(ErrorKind::Conflict, "instance_id_taken", message).into())
        }
        committed => committed.map(|()| registered),
    }
}

/// What is registered from now on, in the place of what was.
fn made(
    act: &Act,
    registration: &Registration,
    old: Option<&Installation>,
    (id, key_version, sealed_api_key): (InstallationId, u64, String),
    (api_key_health, seen_at): (Option<KeyHealth>, Option<Millis>),
) -> Installation {
    Installation {
        id,
        instance_id: registration.instance_id.clone(),
        host: registration.host.clone(),
        webhook_url: registration.webhook_url.clone(),
        title: registration.title.clone(),
        sealed_api_key,
        key_version,
        group_id: registration.group_id.or(old.map(|old| old.group_id)).unwrap_or(act.group_id),
        created_at: old.map_or(act.now, |old| old.created_at),
        changed_at: act.now,
        listing_error: None,
        listing_attempts: 0,
        api_key_health,
        seen_at: seen_at.or(old.and_then(|old| old.seen_at)),
        v: old.map_or(1, |old| old.v + 1),
    }
}

/// Deletes an installation, whatever becomes of it meanwhile: n8n's API key and what else is kept of it. The API key that Baton
/// has put into that n8n works no more. What its workflows posted stays.
pub async fn delete(act: &Act, id: InstallationId) -> Result<InstallationId> {
    let (chore, task) = act.chore(What::ForgetInstallation { installation_id: id })?;
    let (installations, credentials) = (act.repos().installations(), act.repos().n8n_credentials());
    let mut again = Again::new(&act.app, "the installation");
    loop {
        let (installation, credential) = try_join(installations.get(id), credentials.get(id)).await?;
        let installation = installation.or_not_found("installation")?;
        let mut writes = installations.delete(&installation);
        writes.push(happened::installation(act, EventType::InstallationDeleted, &installation)?);
        let key = credential.and_then(|credential| credential.key);
        writes.extend(key.as_ref().map(|key| orgs::end_key(key, act.now)));
        writes.extend([credentials.delete(id), chore.clone()]);
        match act.commit(writes, &id).await {
            Ok(()) => {
                act.installed().forget(id);
                if let Some(key) = key {
                    act.app.accounts().forget_key_of(&key);
                }
                act.app.hint(&task, act.now).await;
                return Ok(id);
            }
            Err(refused) => again.after(refused).await?,
        }
    }
}
