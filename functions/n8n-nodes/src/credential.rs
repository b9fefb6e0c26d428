//! The credential in n8n: seen to, made, renewed.
//!
//! Its one rule: claim, tell n8n, then let the key work, in this order. Whoever dies after the claim leaves at most a
//! credential in n8n whose key nobody knows; the next request finds it by its name and puts a working key into it.

use secrecy::SecretString;
use shared::{
    accounts::NewKey,
    domain::{
        api_key::ApiKey,
        installation::Installation,
        n8n_credential::{Claim, N8nCredential, SCOPES, Step},
    },
    error::{Error, ErrorKind, LogFailure, Result},
    http::{
        ctx::{self, Ctx, HeldKey, Refused},
        reply::Reply,
    },
    n8n::{
        client::{N8n, N8nError, Turn},
        credentials::Header,
    },
    repo::orgs,
    store::{Refusal, StoreError},
};

use crate::wire::{N8nCredentialOut, N8nCredentialState, NodeOut};

/// Answers with a credential that n8n holds, or with what a person has to do instead.
pub async fn ensure(
    ctx: &mut Ctx,
    installation: &Installation,
    answer: impl Fn(N8nCredentialOut) -> NodeOut,
) -> Result<Reply> {
    let known = ctx.n8n_credentials().get(installation.id).await?;
    let known = known.unwrap_or_else(|| N8nCredential::new(installation.id));
    let key = match &known.key {
        Some(hash) => orgs::key(&*ctx.app.store, hash).await?,
        None => None,
    };
    let app = ctx.app.clone();
    // Less than what its claim lasts, so that nothing is sent to n8n under a claim that another request takes for dead.
    let n8n = app.n8n(ctx.tenant(), installation, Turn::urgent(ctx.deadline())).await?;
    match known.next(key.as_ref(), ctx.now) {
        Step::Wait => return Err(busy()),
        Step::Confirm(id) => {
            let seen = n8n.has_credential(&id).await;
            if !matches!(seen, Ok(Some(false))) {
                let problem = seen.err().map(|error| problem(&error));
                let held = N8nCredentialOut::held(&id, &known.name, N8nCredentialState::Ready, problem);
                return Ok(ctx.commit(Vec::new(), Reply::ok(&answer(held))?).await?);
            }
        }
        Step::Make => {}
    }
    let claimed = known.claimed(Claim { id: ctx.app.id(), since: ctx.now });
    claim(ctx, &claimed).await?;
    let (new, text) = ctx.app.draft_key(&ctx.caller, wish(ctx, installation));
    match place(&n8n, &claimed, &text).await {
        Ok((id, state)) => {
            let reply = Reply::created(&answer(N8nCredentialOut::held(&id, &claimed.name, state, None)))?;
            settle(ctx, &claimed, id, &new, key.as_ref(), reply).await
        }
        Err(error) => {
            let heard = error.changed_nothing();
            give_up(ctx, &claimed, heard).await;
            Reply::ok(&answer(N8nCredentialOut::failed(problem(&error), !heard)))
        }
    }
}

fn wish(ctx: &Ctx, installation: &Installation) -> NewKey {
    NewKey {
        name: format!("n8n nodes ({})", installation.title),
        expires_at: ctx.caller.expires_at,
        scopes: SCOPES.map(str::to_owned).into(),
        // n8n calls from elsewhere than the person who connects it, and as often as its workflows run.
        ..NewKey::default()
    }
}

/// Makes this request the one that makes the credential.
async fn claim(ctx: &mut Ctx, claimed: &N8nCredential) -> Result<()> {
    let write = ctx.n8n_credentials().put_next(claimed)?;
    let begins = ctx.held_key().is_some_and(|key| key.begun().is_none());
    match &claimed.claim {
        Some(claim) if begins => match ctx.begin(claim.id, vec![write]).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ctx::in_progress()),
            Err(error) if error.kind == ErrorKind::Conflict => Err(busy()),
            Err(error) => Err(error),
        },
        _ => match ctx.app.store.write(write).await {
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
) -> Result<(String, N8nCredentialState), N8nError> {
    let header = Header { name: "X-API-Key", value: key };
    if let Some(id) = &claimed.credential_id
        && n8n.replace_header_auth(id, header).await?
    {
        return Ok((id.clone(), N8nCredentialState::Renewed));
    }
    if claimed.unheard
        && let Some(id) = n8n.header_auth_named(&claimed.name).await?
        && n8n.replace_header_auth(&id, header).await?
    {
        return Ok((id, N8nCredentialState::Created));
    }
    let id = n8n.create_header_auth(&claimed.name, header).await?;
    Ok((id, N8nCredentialState::Created))
}

/// From here on the key works, and the one before it does not.
async fn settle(
    ctx: &Ctx,
    claimed: &N8nCredential,
    id: String,
    new: &ApiKey,
    old: Option<&ApiKey>,
    reply: Reply,
) -> Result<Reply> {
    let made = claimed.made(id, new.hash.clone());
    let mut writes = vec![ctx.n8n_credentials().put_next(&made)?, orgs::insert_key(new)?];
    writes.extend(old.filter(|old| old.revoked_at.is_none()).map(|old| orgs::end_key(&old.hash, ctx.now)));
    match ctx.commit(writes, reply).await {
        Ok(reply) => {
            if let Some(old) = old {
                ctx.app.forget_key(old);
            }
            Ok(reply)
        }
        // Another request took this one for dead.
        Err(Refused::Write(..)) => Err(busy()),
        Err(refused) => Err(refused.into()),
    }
}

/// Lets go of the claim, and of the idempotency key: a repeat is to try again.
async fn give_up(ctx: &Ctx, claimed: &N8nCredential, heard: bool) {
    let released = async {
        let mut writes = vec![ctx.n8n_credentials().put_next(&claimed.given_up(heard))?];
        writes.extend(ctx.held_key().map(HeldKey::free));
        ctx.app.store.transact(writes).await
    };
    released.await.log_failure("a claim could not be released; it lapses by itself");
}

fn busy() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "credential_in_progress",
        "Another request is making the credential of this installation. Repeat this one shortly.",
    )
    .retry_after(std::time::Duration::from_secs(2))
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
