//! The credential that Baton keeps in an n8n: seen to, made, renewed.
//!
//! Its one rule: claim, tell n8n, then let the key work, in this order. Whoever dies after the claim leaves at most a
//! credential in n8n whose key nobody knows; the next request finds it by its name and puts a working key into it.

use std::time::Duration;

use secrecy::SecretString;

use super::{
    act::{Act, Refused, in_progress},
    happened,
};
use crate::{
    accounts::NewKey,
    clock::Millis,
    domain::{
        api_key::ApiKey,
        event::EventType,
        installation::Installation,
        n8n_credential::{Claim, N8nCredential, SCOPES, Step},
    },
    error::{Error, ErrorKind, LogFailure, Result},
    n8n::{
        client::{N8n, N8nError, Turn},
        credentials::Header,
    },
    repo::orgs,
    store::{Refusal, StoreError},
};

/// The credential of an installation, as far as it could be seen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ensured {
    /// n8n holds it.
    Held {
        id: String,
        name: String,
        how: Held,
        /// Why it could not be looked at.
        problem: Option<String>,
    },
    /// n8n did not let us make it. Such an answer is not remembered: a repeat is to try again.
    Failed {
        problem: String,
        /// Nobody knows whether n8n has made it.
        unheard: bool,
    },
}

/// How n8n came to hold a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Made now.
    Created,
    /// It was there, and holds a new key now.
    Renewed,
    /// Made by an earlier request.
    Ready,
}

/// Sees to the credential of an installation. The key inside runs out when the actor's own does. Fails with
/// `credential_in_progress` where another request is at it.
pub async fn ensure(act: &Act, installation: &Installation, expires_at: Option<Millis>) -> Result<Ensured> {
    let known = act.repos().n8n_credentials().get(installation.id).await?;
    let known = known.unwrap_or_else(|| N8nCredential::new(installation.id));
    let key = match &known.key {
        Some(hash) => orgs::key(&*act.app.store, hash).await?,
        None => None,
    };
    // Less than what its claim lasts, so that nothing is sent to n8n under a claim that another request takes for dead.
    let n8n = act.installed().n8n(installation, Turn::urgent(act.deadline)).await?;
    match known.next(key.as_ref().filter(|key| fits(act, installation, key)), act.now) {
        Step::Wait => return Err(busy()),
        Step::Confirm(id) => {
            let seen = n8n.has_credential(&id).await;
            if !matches!(seen, Ok(Some(false))) {
                let problem = seen.err().map(|error| problem(&error));
                let held = Ensured::Held { id, name: known.name, how: Held::Ready, problem };
                act.commit(Vec::new(), &held).await?;
                return Ok(held);
            }
        }
        Step::Make => {}
    }
    let claimed = known.claimed(Claim { id: act.app.id(), since: act.now });
    claim(act, &claimed).await?;
    let (new, text) = act.app.accounts().draft_key_for(
        act.tenant,
        &act.actor,
        act.group_id,
        wish(act, installation, expires_at),
    );
    match place(&n8n, &claimed, &text).await {
        Ok((id, how)) => settle(act, &claimed, (id, how), &new, key.as_ref()).await,
        Err(error) => {
            let heard = error.changed_nothing();
            give_up(act, &claimed, heard).await;
            Ok(Ensured::Failed { problem: problem(&error), unheard: !heard })
        }
    }
}

/// Whether a key still does for the nodes of an n8n what one that is made now would. It is bound to the group of the n8n, or made by
/// somebody who is bound to none for somebody such.
fn fits(act: &Act, installation: &Installation, key: &ApiKey) -> bool {
    match key.groups[..] {
        [] => act.reach.is_all(),
        [group] => group == installation.group_id,
        _ => false,
    }
}

fn wish(act: &Act, installation: &Installation, expires_at: Option<Millis>) -> NewKey {
    // Nobody gives what he lacks: who is bound puts a key into n8n that is bound to the group of that n8n.
    let groups = if act.reach.is_all() { Vec::new() } else { vec![installation.group_id] };
    NewKey {
        group_id: (!groups.is_empty()).then_some(installation.group_id),
        groups,
        name: format!("n8n nodes ({})", installation.title),
        expires_at,
        scopes: SCOPES.map(str::to_owned).into(),
        // n8n calls from elsewhere than the person who connects it, and as often as its workflows run.
        ..NewKey::default()
    }
}

/// Makes this act the one that makes the credential.
async fn claim(act: &Act, claimed: &N8nCredential) -> Result<()> {
    let write = act.repos().n8n_credentials().put_next(claimed)?;
    let begins = act.slot.is_some() && act.begun().is_none();
    match &claimed.claim {
        Some(claim) if begins => match act.begin(claim.id, vec![write]).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(in_progress()),
            Err(error) if error.kind == ErrorKind::Conflict => Err(busy()),
            Err(error) => Err(error),
        },
        _ => match act.app.store.write(write).await {
            Ok(_) => Ok(()),
            // A repeated write meets what it wrote itself.
            Err(StoreError::ConditionFailed(Refusal { current: Some(item), .. }))
                if item.decode::<N8nCredential>()? == *claimed =>
            {
                Ok(())
            }
            Err(StoreError::ConditionFailed(_)) => Err(busy()),
            Err(error) => Err(error.into()),
        },
    }
}

/// Puts the key into n8n: into the credential that is known, into one that an attempt left behind, or into a new one.
async fn place(
    n8n: &N8n<'_>,
    claimed: &N8nCredential,
    key: &SecretString,
) -> Result<(String, Held), N8nError> {
    let header = Header { name: "X-API-Key", value: key };
    if let Some(id) = &claimed.credential_id
        && n8n.replace_header_auth(id, header).await?
    {
        return Ok((id.clone(), Held::Renewed));
    }
    if claimed.unheard
        && let Some(id) = n8n.header_auth_named(&claimed.name).await?
        && n8n.replace_header_auth(&id, header).await?
    {
        return Ok((id, Held::Created));
    }
    let id = n8n.create_header_auth(&claimed.name, header).await?;
    Ok((id, Held::Created))
}

/// From here on the key works, and the one before it does not.
async fn settle(
    act: &Act,
    claimed: &N8nCredential,
    (id, how): (String, Held),
    new: &ApiKey,
    old: Option<&ApiKey>,
) -> Result<Ensured> {
    let made = claimed.made(id.clone(), new.hash.clone());
    let mut writes = vec![act.repos().n8n_credentials().put_next(&made)?, orgs::insert_key(new)?];
    writes.extend(old.filter(|old| old.revoked_at.is_none()).map(|old| orgs::end_key(&old.hash, act.now)));
    writes.push(match old {
        Some(old) => happened::rotated(act, new, old.id)?,
        None => happened::key(act, EventType::ApiKeyCreated, new)?,
    });
    let held = Ensured::Held { id, name: claimed.name.clone(), how, problem: None };
    match act.commit_authorized(writes, &held).await {
        Ok(()) => {
            if let Some(old) = old {
                act.app.accounts().forget_key(old);
            }
            Ok(held)
        }
        // Another request took this one for dead.
        Err(Refused::Write(..)) => Err(busy()),
        Err(refused) => Err(refused.into()),
    }
}

/// Lets go of the claim, and of the idempotency key: a repeat is to try again.
async fn give_up(act: &Act, claimed: &N8nCredential, heard: bool) {
    let released = async {
        let mut writes = vec![act.repos().n8n_credentials().put_next(&claimed.given_up(heard))?];
        writes.extend(act.free_key());
        act.app.store.transact(writes).await
    };
    released.await.log_failure("a claim could not be released; it lapses by itself");
}

fn busy() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "credential_in_progress",
        "Another request is making the credential of this installation. Repeat this one shortly.",
    )
    .retry_after(Duration::from_secs(2))
}

/// What stands in the way, for the person who has to make the credential by hand. n8n's own words are left out: they
/// might repeat what it was sent.
fn problem(error: &N8nError) -> String {
    match error {
        N8nError::Unreachable(_) | N8nError::NotN8n => error.to_string(),
        N8nError::KeyRefused(403) => {
            "The n8n API key of this installation may not work with credentials. It needs the scopes credential:create and \
             credential:update, and credential:list to find one again."
                .into()
        }
        N8nError::KeyRefused(_) => {
            "n8n refuses the API key that this installation was registered with. Register it again with a new one.".into()
        }
        N8nError::Status { status: 404 | 405, .. } => "This n8n has no API for credentials.".into(),
        N8nError::Status { status, .. } => format!("n8n answered {status}."),
    }
}
