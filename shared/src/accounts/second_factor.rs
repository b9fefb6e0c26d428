//! More than a password: what a login asks of those who have a second factor, and how one is looked at.

use std::net::IpAddr;

use secrecy::SecretString;

use super::{Accounts, throttle};
use crate::{
    domain::{
        org::User,
        second_factor::{self, SecondFactor},
    },
    error::{Error, ErrorKind, LogFailure, Result},
    repo::second_factors,
    store::Write,
};

/// Code of the refusal of a code.
pub(super) const WRONG: &str = "invalid_second_factor";

impl Accounts<'_> {
    /// The write that uses the code, for the transaction of what it is used for; none for those who need no code.
    ///
    /// # Errors
    /// 401 `second_factor_required` without a code, `invalid_second_factor` where it is no good.
    pub(super) async fn second_factor(&self, user: &User, code: Option<&str>) -> Result<Option<Write>> {
        if !user.second_factor {
            return Ok(None);
        }
        let Some(code) = code else {
            let message = "Send the code of your second factor as otp, or one of the recovery codes.";
            return Err(Error::new(ErrorKind::CredentialRejected, "second_factor_required", message));
        };
        self.use_code(user, code).await?.map(Some).ok_or_else(wrong)
    }

    /// The write that uses a code; none where it is no good.
    async fn use_code(&self, user: &User, code: &str) -> Result<Option<Write>> {
        let factor = second_factors::get(self.store, user.tenant, user.id).await?;
        let factor = factor.ok_or_else(|| Error::internal("a second factor without its record"))?;
        let secret = self.open_secret(user, &factor).await?;
        let used = factor.used(&secret, code, self.now());
        Ok(used.map(|used| second_factors::put(user.tenant, user.id, &used)).transpose()?)
    }

    /// Whether it is a good code of the user's. Wrong ones count as failed logins do.
    pub async fn confirm_code(&self, user: &User, code: &str, address: Option<IpAddr>) -> Result<bool> {
        self.counted(user, address, async || self.use_code(user, code).await).await.map(|used| used.is_some())
    }

    /// A second factor to be confirmed, in the place of one that was not, and its secret.
    pub async fn draft_second_factor(
        &self,
        user: &User,
        before: Option<&SecondFactor>,
    ) -> Result<(SecondFactor, SecretString)> {
        let secret = second_factor::secret(self.ids);
        let sealed = self.sealer.seal(user.tenant, &second_factor::seal_record(user.id), &secret).await?;
        Ok((SecondFactor::begun(sealed, before), secret))
    }

    /// A second factor as it is once this code has confirmed it, with its recovery codes; none where the code is wrong, which counts
    /// as a failed login does.
    pub async fn confirm_second_factor(
        &self,
        user: &User,
        begun: &SecondFactor,
        code: &str,
        address: Option<IpAddr>,
    ) -> Result<Option<(SecondFactor, Vec<String>)>> {
        self.counted(user, address, async || {
            let secret = self.open_secret(user, begun).await?;
            Ok(begun.confirmed(&secret, code, self.ids, self.now()))
        })
        .await
    }

    async fn open_secret(&self, user: &User, factor: &SecondFactor) -> Result<SecretString> {
        let record = second_factor::seal_record(user.id);
        Ok(self.sealer.open(user.tenant, &record, &factor.sealed_secret).await?)
    }

    /// Runs what may be a guess, and counts it among the failed logins where it comes to nothing.
    async fn counted<T>(
        &self,
        user: &User,
        address: Option<IpAddr>,
        guess: impl AsyncFnOnce() -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let attempt = throttle::count(self, &user.email, address).await?;
        let right = guess().await?;
        if right.is_some() {
            attempt.forgive(self).await.log_failure("a right code still counts as a wrong one");
        }
        Ok(right)
    }
}

pub(super) fn wrong() -> Error {
    let message = "The code is wrong, has run out, or was used before.";
    Error::new(ErrorKind::CredentialRejected, WRONG, message)
}
