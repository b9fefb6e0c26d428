//! The credential that Baton keeps in an n8n, so that nodes pasted there can call Baton.
//!
//! Its one rule: the key inside works from the moment that n8n is known to hold it, and not before. Whatever dies on the
//! way leaves at most a key that opens nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api_key::{ApiKey, KeyHash};
use crate::{
    clock::Millis,
    ids::{Id, InstallationId},
};

/// What the key inside may do: send what nodes send. It reads nothing and decides nothing.
pub const SCOPES: [&str; 5] =
    ["token_usage:write", "payloads:write", "media:write", "leads:write", "executions:write"];
/// A request that makes a credential is believed dead after this. None lives longer: API Gateway gives up after 30
/// seconds.
const CLAIM: Duration = Duration::from_secs(35);

/// The credential of one installation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct N8nCredential {
    pub installation_id: InstallationId,
    /// Its name in n8n, the same from the first attempt on: what n8n was told of and we were not is found by it.
    pub name: String,
    /// n8n's id of it; none until n8n has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// The key inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyHash>,
    /// The request that is making it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// An attempt ended without n8n's answer: n8n may hold a credential of this name that we were not told of.
    #[serde(default)]
    pub unheard: bool,
    pub v: u64,
}

/// Who is making a credential, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Of this attempt alone: nothing else has it.
    pub id: Id,
    pub since: Millis,
}

/// What a request that needs the credential has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It should be there, with a key that works: see whether n8n still has it.
    Confirm(String),
    /// Make it, or put a new key into it.
    Make,
    /// Somebody else is at it.
    Wait,
}

impl N8nCredential {
    /// A credential that nothing is known of.
    pub fn new(installation_id: InstallationId) -> Self {
        Self {
            installation_id,
            name: format!("Baton API key ({installation_id})"),
            credential_id: None,
            key: None,
            claim: None,
            unheard: false,
            v: 0,
        }
    }

    /// What is to be done, given the key inside as it is stored.
    pub fn next(&self, key: Option<&ApiKey>, now: Millis) -> Step {
        match (&self.claim, &self.credential_id) {
            (Some(claim), _) if now.is_within(CLAIM, claim.since) => Step::Wait,
            (None, Some(id)) if key.is_some_and(|key| key.usable(now)) => Step::Confirm(id.clone()),
            _ => Step::Make,
        }
    }

    /// The record while a request makes the credential. A claim that is left over tells of an end that nobody heard.
    #[must_use]
    pub fn claimed(&self, claim: Claim) -> Self {
        let unheard = self.unheard || self.claim.is_some();
        Self { claim: Some(claim), unheard, v: self.v + 1, ..self.clone() }
    }

    /// The record when n8n holds the key.
    #[must_use]
    pub fn made(&self, credential_id: String, key: KeyHash) -> Self {
        Self {
            credential_id: Some(credential_id),
            key: Some(key),
            claim: None,
            unheard: false,
            v: self.v + 1,
            ..self.clone()
        }
    }

    /// The record after an attempt that failed. `heard`: it is certain that n8n has done nothing.
    #[must_use]
    pub fn given_up(&self, heard: bool) -> Self {
        Self { claim: None, unheard: self.unheard || !heard, v: self.v + 1, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::api_key,
        ids::{EntityId, SystemIds},
        tenant::TenantId,
    };

    const NOW: Millis = Millis(1_737_455_400_000);

    fn id<I: EntityId>(value: u64) -> I {
        I::of(Id::from_u64(value).unwrap())
    }

    fn key(revoked_at: Option<Millis>) -> ApiKey {
        let text = api_key::generate(&SystemIds::default());
        ApiKey {
            id: id(1),
            tenant: TenantId(1),
            user_id: id(2),
            username: "jane".into(),
            group_id: id(3),
            groups: Vec::new(),
            former: Vec::new(),
            name: "n8n".into(),
            hash: api_key::hash_of(&text),
            last4: "abcd".into(),
            scopes: Vec::new(),
            dialect: None,
            created_at: NOW,
            expires_at: None,
            revoked_at,
            terms: Default::default(),
            retirement: None,
            sealed_text: None,
        }
    }

    #[test]
    fn a_credential_with_a_working_key_is_only_looked_at() {
        let made = N8nCredential::new(id(45)).made("abc".into(), key(None).hash);
        assert_eq!(made.next(Some(&key(None)), NOW), Step::Confirm("abc".into()));
        assert_eq!(made.next(Some(&key(Some(NOW))), NOW), Step::Make, "its key was revoked");
        assert_eq!(made.next(None, NOW), Step::Make);
        assert_eq!(N8nCredential::new(id(45)).next(None, NOW), Step::Make);
    }

    #[test]
    fn one_request_at_a_time_makes_it() {
        let claimed = N8nCredential::new(id(45)).claimed(Claim { id: id(7), since: NOW });
        let soon = NOW.plus(Duration::from_secs(34));
        assert_eq!(claimed.next(None, soon), Step::Wait);
        assert_eq!(claimed.next(None, NOW.plus(CLAIM)), Step::Make, "the other one is dead");
    }

    #[test]
    fn what_ended_unheard_is_remembered_until_it_is_settled() {
        let fresh = N8nCredential::new(id(45));
        let claim = Claim { id: id(7), since: NOW };
        assert!(!fresh.claimed(claim).unheard);
        assert!(fresh.claimed(claim).claimed(claim).unheard, "a claim was left over");
        assert!(!fresh.claimed(claim).given_up(true).unheard);
        assert!(fresh.claimed(claim).given_up(false).claimed(claim).given_up(true).unheard);
        assert!(!fresh.claimed(claim).given_up(false).made("abc".into(), key(None).hash).unheard);
    }
}
