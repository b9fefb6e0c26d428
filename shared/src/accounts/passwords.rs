//! Passwords: argon2id, away from the threads that serve requests.
//!
//! Its one rule: a hash takes tens of milliseconds and 19 MiB, so only a few are worked out at once and only some wait;
//! whoever comes then is told to come again.

use std::sync::Arc;

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Worked out at once by one instance: 38 MiB of a function's 256.
const AT_ONCE: usize = 2;
/// At work or waiting: what an instance works off within a few seconds.
const IN_ALL: usize = 64;
/// What the password of somebody who is not there is compared with: the same work, and no password fits.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW93bnMtdGhpcw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The places at the hashing.
pub(crate) struct Passwords {
    at_once: Arc<Semaphore>,
    in_all: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), in_all: Arc::new(Semaphore::new(IN_ALL)) }
    }
}

impl Passwords {
    /// A PHC string.
    pub(super) async fn hash(&self, password: SecretString, salt: String) -> Result<String> {
        self.run(move || {
            let hash =
                argon2()?.hash_password_with_salt(password.expose_secret().as_bytes(), salt.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
        })
        .await?
    }

    /// Whether the password is the one that was hashed. Without a hash it is not, and that takes as long to find out.
    pub(super) async fn matches(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        self.run(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| DECOY.into());
            let matches = argon2()?.verify_password(password.expose_secret().as_bytes(), hash.as_str());
            Ok(matches.is_ok() && known)
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = self.in_all.clone().try_acquire_owned().map_err(Error::unavailable)?;
        let turn = self.at_once.clone().acquire_owned().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            // Until the work is done, also when the caller has hung up.
            let _held = (place, turn);
            work()
        })
        .await
        .map_err(Error::internal)
    }
}

/// argon2id with OWASP's minimum: 19 MiB, two passes, one lane.
fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(hash: &str) -> &str {
        hash.rsplitn(3, '$').nth(2).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_matches_and_no_other_does() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into(), "abcdefghijklmnopqrstuv".into()).await.unwrap();
        for (password, right) in [("correct horse", true), ("correct horse ", false), ("", false)] {
            assert_eq!(passwords.matches(password.into(), Some(hash.clone())).await.unwrap(), right);
            assert!(!passwords.matches(password.into(), None).await.unwrap());
        }
    }

    #[tokio::test]
    async fn the_decoy_costs_what_a_password_costs() {
        let hash = Passwords::default().hash("x".into(), "abcdefghijklmnopqrstuv".into()).await.unwrap();
        assert_eq!(parameters(&hash), parameters(DECOY));
        assert_eq!(hash.len() - parameters(&hash).len() > 60, DECOY.len() - parameters(DECOY).len() > 60);
        assert!(argon2::password_hash::phc::PasswordHash::new(DECOY).is_ok());
    }

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_told_to_come_again() {
        let passwords = Passwords::default();
        let all = passwords.in_all.clone().acquire_many_owned(u32::try_from(IN_ALL).unwrap()).await.unwrap();
        let refused = passwords.matches("x".into(), None).await.unwrap_err();
        assert_eq!(refused.code, "unavailable");
        assert!(refused.retry_after.is_some());
        drop(all);
        assert!(!passwords.matches("x".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_caller_who_hangs_up_gives_no_turn_away() {
        let passwords = Passwords::default();
        let work = passwords.run(|| std::thread::sleep(std::time::Duration::from_millis(100)));
        let hung_up = tokio::time::timeout(std::time::Duration::from_millis(10), work).await;
        assert!(hung_up.is_err());
        assert_eq!(passwords.at_once.available_permits(), AT_ONCE - 1, "it is still being worked out");
    }
}
