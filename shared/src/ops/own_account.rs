//! What a person does with credentials of their own: ending a session, a new password, the personal API key.
//!
//! Its one rule: the text of a personal key is shown once, to its owner.

use std::net::IpAddr;

use secrecy::SecretString;

use super::{
    act::{Act, Refused},
    happened,
};
use crate::{
    domain::{
        api_key::ApiKey,
        event::{EventType, Happened, Subject},
        org::User,
        session::SessionRef,
    },
    error::{Error, ErrorKind, Result},
    ids::ApiKeyId,
    repo::{orgs, sessions},
};

/// A personal key, with its text for the only time.
pub struct ShownKey {
    pub id: ApiKeyId,
    pub text: SecretString,
}

/// Ends a session.
pub async fn log_out(act: &Act, place: &SessionRef) -> Result<()> {
    let ended = Happened::new(EventType::SessionEnded, Subject::of("member", place.user_id));
    act.commit(vec![sessions::delete(place), act.emit(ended)?], &()).await?;
    act.app.accounts().forget_session(place);
    Ok(())
}

/// Gives the actor a new password, which [`crate::accounts::check_new_password`] has seen. All their sessions end but the one at
/// `place`.
pub async fn change_password(
    act: &Act,
    place: &SessionRef,
    current: SecretString,
    new: &SecretString,
    address: Option<IpAddr>,
) -> Result<()> {
    let user = act.user().await?;
    if !act.app.accounts().confirm_password(&user, current, address).await? {
        return Err(Error::invalid("current_password", "is not your password"));
    }
    let hash = act.app.accounts().hash_password(new).await?;
    let changed = Happened::new(EventType::PasswordChanged, Subject::of("member", user.id));
    let writes = vec![
        orgs::set_password(&user, &hash),
        sessions::move_to(place, user.generation + 1),
        act.emit(changed.with("by_token", false))?,
    ];
    act.commit_authorized(writes, &()).await?;
    act.app.accounts().forget_sessions_of(&user);
    Ok(())
}

/// The actor as stored, and their personal key if they have one.
pub async fn own_key(act: &Act) -> Result<(User, Option<ApiKey>)> {
    let user = act.user().await?;
    let key = match &user.api_key {
        Some(hash) => orgs::key(&*act.app.store, hash).await?,
        None => None,
    };
    Ok((user, key))
}

/// Shows the text of the personal key that was made for its owner, once.
pub async fn copy_key(act: &Act) -> Result<ShownKey> {
    let key = own_key(act).await?.1.ok_or_else(no_key)?;
    if !key.usable(act.now) {
        return Err(Error::new(
            ErrorKind::WrongState,
            "api_key_ended",
            "The key was revoked or has expired. Regenerate it.",
        ));
    }
    let sealed = key.sealed_text.as_deref().ok_or_else(copied)?;
    let text = act.app.sealer.open(act.tenant, &ApiKey::seal_record(key.id), sealed).await?;
    // Whoever else copies it at the same moment finds the condition broken.
    match act.commit_authorized(vec![orgs::forget_key_text(&key.hash)], &()).await {
        Ok(()) => Ok(ShownKey { id: key.id, text }),
        Err(Refused::Write(..)) => Err(copied()),
        Err(refused) => Err(refused.into()),
    }
}

/// Ends the personal key at once and makes a new one.
pub async fn regenerate_key(act: &Act) -> Result<ShownKey> {
    let (user, old) = own_key(act).await?;
    let (new, text, mut writes) = act.app.accounts().regenerate_personal_key(&user, old.as_ref()).await?;
    writes.push(match &old {
        Some(old) => happened::rotated(act, &new, old.id)?,
        None => happened::key(act, EventType::ApiKeyCreated, &new)?,
    });
    act.commit_authorized(writes, &()).await?;
    if let Some(old) = old {
        act.app.accounts().forget_key(&old);
    }
    Ok(ShownKey { id: new.id, text })
}

/// The refusal where somebody has no personal key.
pub fn no_key() -> Error {
    Error::new(ErrorKind::NotFound, "no_api_key", "You have no API key of your own. Regenerate makes one.")
}

fn copied() -> Error {
    Error::new(
        ErrorKind::WrongState,
        "already_copied",
        "The key was shown already, and only its hash is kept. Regenerate it if it is lost.",
    )
}
