//! A person's second factor: chosen, confirmed, given up.
//!
//! Its one rule: it counts from the first code on, so that nobody locks himself out with a secret that never arrived. The secret is
//! shown when it is made, the recovery codes when it is confirmed, and neither again.

use std::net::IpAddr;

use secrecy::SecretString;

use super::{act::Act, again::Again};
use crate::{
    domain::{
        event::{EventType, Happened, Subject},
        org::User,
        second_factor::SecondFactor,
    },
    error::{Error, ErrorKind, Result},
    repo::{members, second_factors},
};

/// A secret on its way to the person's app.
#[derive(Debug)]
pub struct Begun {
    pub secret: SecretString,
    pub email: String,
}

/// What shows that it is the person who gives up the second factor.
#[derive(Debug, Clone)]
pub enum Proof {
    Password(SecretString),
    Code(String),
}

/// The actor's second factor, if there is one that counts.
pub async fn confirmed(act: &Act) -> Result<Option<SecondFactor>> {
    Ok(stored(act).await?.filter(|factor| factor.confirmed_at.is_some()))
}

/// Makes a secret, in the place of one that was not confirmed.
///
/// # Errors
/// 409 `second_factor_exists`.
pub async fn begin(act: &Act) -> Result<Begun> {
    let mut again = Again::new(&act.app, "a second factor");
    loop {
        let (user, before) = tokio::try_join!(act.user(), stored(act))?;
        if user.second_factor {
            return Err(exists());
        }
        let (factor, secret) = act.app.accounts().draft_second_factor(&user, before.as_ref()).await?;
        let begun = Begun { secret, email: user.email };
        match act.commit_authorized(vec![second_factors::put(act.tenant, user.id, &factor)?], &begun).await {
            Ok(()) => return Ok(begun),
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// Confirms the secret by a code of it. Logins ask for codes from now on; sessions go on. Returns the recovery codes.
///
/// # Errors
/// 409 `second_factor_exists`, `second_factor_not_begun`; 422 where the code is wrong.
pub async fn confirm(act: &Act, code: &str, address: Option<IpAddr>) -> Result<Vec<String>> {
    let (user, begun) = tokio::try_join!(act.user(), stored(act))?;
    if user.second_factor {
        return Err(exists());
    }
    let begun = begun.ok_or_else(|| {
        let message = "There is no second factor to confirm: begin with POST /api/v1/second_factor.";
        Error::new(ErrorKind::WrongState, "second_factor_not_begun", message)
    })?;
    let confirmed = act.app.accounts().confirm_second_factor(&user, &begun, code, address).await?;
    let (factor, codes) = confirmed.ok_or_else(|| Error::invalid("code", "is wrong, or has run out"))?;
    let after = User { second_factor: true, ..user.clone() };
    let writes = vec![
        second_factors::put(act.tenant, user.id, &factor)?,
        members::change(&user, &after)?,
        act.emit(changed(&user, true))?,
    ];
    act.commit_authorized(writes, &codes).await?;
    act.app.accounts().forget_user(user.tenant, user.id);
    Ok(codes)
}

/// Gives the second factor up, or what was begun of one.
///
/// # Errors
/// 409 `no_second_factor`; 422 where the proof is none.
pub async fn give_up(act: &Act, proof: Proof, address: Option<IpAddr>) -> Result<()> {
    let user = act.user().await?;
    if !user.second_factor {
        let message = "You have no second factor.";
        return Err(Error::new(ErrorKind::WrongState, "no_second_factor", message));
    }
    let accounts = act.app.accounts();
    match proof {
        Proof::Password(password) => {
            if !accounts.confirm_password(&user, password, address).await? {
                return Err(Error::invalid("password", "is not your password"));
            }
        }
        Proof::Code(code) => {
            if !accounts.confirm_code(&user, &code, address).await? {
                return Err(Error::invalid("code", "is wrong, has run out, or was used before"));
            }
        }
    }
    let after = User { second_factor: false, ..user.clone() };
    let writes = vec![
        members::change(&user, &after)?,
        second_factors::remove(act.tenant, user.id),
        act.emit(changed(&user, false))?,
    ];
    act.commit_authorized(writes, &()).await?;
    accounts.forget_user(user.tenant, user.id);
    Ok(())
}

async fn stored(act: &Act) -> Result<Option<SecondFactor>> {
    Ok(second_factors::get(&*act.app.store, act.tenant, act.actor.user_id).await?)
}

fn changed(user: &User, enabled: bool) -> Happened {
    Happened::new(EventType::SecondFactorChanged, Subject::of("member", user.id)).with("enabled", enabled)
}

fn exists() -> Error {
    let message = "You have a second factor. Give it up before you choose another.";
    Error::new(ErrorKind::WrongState, "second_factor_exists", message)
}
