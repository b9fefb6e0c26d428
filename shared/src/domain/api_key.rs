//! API keys: their text form, their record, and what they allow.
//!
//! Its one rule: the text exists once, in the hands of the owner; at rest there is its SHA-256 and the last four
//! characters. A key that was made for somebody who was not there is kept sealed until the owner fetches it.

use secrecy::{ExposeSecret, SecretString};
mod terms;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use terms::{MAX_NETWORKS, MAX_PER_HOUR, MAX_PER_MINUTE, Terms, TooWide, network};

use crate::{
    clock::Millis,
    domain::{
        dialect::Letter,
        event::{EventType, Happened, Subject},
    },
    ids::{ApiKeyId, GroupId, Ids, UserId, base62},
    tenant::TenantId,
};

/// What every key starts with, so that secret scanners recognise a leaked one.
pub const PREFIX: &str = "btn_live_";
/// The record of a key that has ended is kept for so long, to be seen in lists, and may then vanish.
pub const REMEMBERED: Duration = Duration::from_secs(90 * 86_400);
const RANDOM_CHARS: usize = 30;
const CHECKSUM_CHARS: usize = 6;

/// SHA-256 of a key's text, in hex: its address in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash(String);

impl KeyHash {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new key: prefix, 30 random base-62 characters (178 bits), checksum.
pub fn generate(ids: &dyn Ids) -> SecretString {
    let body = ids.secret(RANDOM_CHARS);
    format!("{PREFIX}{body}{}", checksum(&body)).into()
}

/// The hash to look up, or none when the text cannot be a key: a typo costs no read.
pub fn hash(text: &str) -> Option<KeyHash> {
    let body = text.strip_prefix(PREFIX)?;
    if body.len() != RANDOM_CHARS + CHECKSUM_CHARS || !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let (random, check) = body.split_at(RANDOM_CHARS);
    (checksum(random) == check).then(|| digest(text))
}

/// The hash of a key that was just generated.
pub fn hash_of(key: &SecretString) -> KeyHash {
    digest(key.expose_secret())
}

fn digest(text: &str) -> KeyHash {
    KeyHash(hex(&Sha256::digest(text.as_bytes())))
}

/// Lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn checksum(body: &str) -> String {
    // 62^6 exceeds 2^32, so that six characters hold every CRC-32.
    format!("{:0>CHECKSUM_CHARS$}", base62(u64::from(crc32fast::hash(body.as_bytes()))))
}

/// What is kept of a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub tenant: TenantId,
    pub user_id: UserId,
    pub username: String,
    /// The client group that what this key creates belongs to, unless the request says otherwise.
    pub group_id: GroupId,
    /// The client groups that it is bound to; none for those of its user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// Groups that it was bound to when they were deleted. The newest of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<GroupId>,
    pub name: String,
    pub hash: KeyHash,
    pub last4: String,
    /// `*`, scopes such as `payloads:write`, or one action on every resource such as `*:read`.
    pub scopes: Vec<String>,
    /// The dialect that the key speaks on paths that several have, however it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Letter>,
    pub created_at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Terms::is_free")]
    pub terms: Terms,
    /// Another key has taken its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retirement: Option<Retirement>,
    /// The text, sealed, until its owner has copied it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_text: Option<String>,
}

/// How a key ends that was rotated: it works on until its holders have the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retirement {
    /// The key that took its place.
    pub successor: ApiKeyId,
    /// When it works no longer.
    pub at: Millis,
}

/// What can become of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    Active,
    Expired,
    Revoked,
}

impl KeyStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl ApiKey {
    /// That something became of it.
    pub fn happened(&self, kind: EventType) -> Happened {
        Happened::new(kind, Subject::of("api_key", self.id))
            .with("name", self.name.as_str())
            .with("last_four", self.last4.as_str())
            .with_words("scopes", self.scopes.iter().map(String::as_str))
            .bound_to(&self.groups)
    }

    pub fn status(&self, now: Millis) -> KeyStatus {
        match self.revoked_at {
            Some(_) => KeyStatus::Revoked,
            None if self.runs_out_at().is_some_and(|end| now >= end) => KeyStatus::Expired,
            None => KeyStatus::Active,
        }
    }

    pub fn usable(&self, now: Millis) -> bool {
        self.status(now) == KeyStatus::Active
    }

    /// When it ends by itself: by its own life, or because it was rotated.
    pub fn runs_out_at(&self) -> Option<Millis> {
        let retired = self.retirement.map(|retirement| retirement.at);
        self.expires_at.into_iter().chain(retired).min()
    }

    /// How long it was to live when it was made.
    pub fn life(&self) -> Option<Duration> {
        self.expires_at.map(|end| end.since(self.created_at))
    }

    /// The key as it may be shown: where it begins and how it ends.
    pub fn redacted(&self) -> String {
        format!("{PREFIX}…{}", self.last4)
    }

    /// What [`ApiKey::sealed_text`] is sealed for.
    pub fn seal_record(id: ApiKeyId) -> String {
        format!("api-key/{id}/text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EntityId, Id, SystemIds};

    #[test]
    fn a_generated_key_has_a_hash() {
        let key = generate(&SystemIds::default());
        assert_eq!(hash(key.expose_secret()), Some(hash_of(&key)));
        assert_eq!(key.expose_secret().len(), PREFIX.len() + 36);
    }

    #[test]
    fn one_wrong_character_is_refused_without_a_read() {
        let key = generate(&SystemIds::default()).expose_secret().to_owned();
        for at in PREFIX.len()..key.len() {
            let mut wrong = key.clone().into_bytes();
            wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
            assert_eq!(hash(std::str::from_utf8(&wrong).unwrap()), None, "character {at}");
        }
        for text in ["", "btn_live_", "sk-123", &key[..key.len() - 1], &format!("{key}x")] {
            assert_eq!(hash(text), None, "{text}");
        }
    }

    /// What is stored and what scanners look for cannot change: a known key has a known checksum and hash.
    #[test]
    fn the_form_of_a_key_is_fixed() {
        let text = format!("btn_live_{}{}", "0".repeat(30), "2C8GjS");
        assert_eq!(
            hash(&text).unwrap().as_str(),
            "07d5f877b4a458d5736da2907e9a5ceb2a9a5bea7c71b452146fa5e3c6c608c8"
        );
        assert_eq!(
            hash_of(&text.as_str().into()).as_str(),
            "07d5f877b4a458d5736da2907e9a5ceb2a9a5bea7c71b452146fa5e3c6c608c8"
        );
        assert_eq!(hex(&[0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(ApiKey::seal_record(ApiKeyId::from_u64(7).unwrap()), "api-key/7/text");
    }

    #[test]
    fn a_text_of_another_length_or_with_other_characters_is_none_even_with_a_good_checksum() {
        for body in ["a".repeat(29), "a".repeat(31), "é".repeat(15), format!("{}-", "a".repeat(29))] {
            let text = format!("{PREFIX}{body}{}", checksum(&body));
            assert_eq!(hash(&text), None, "{text}");
        }
    }

    #[test]
    fn a_key_works_until_it_is_revoked_or_runs_out() {
        let id = Id::SMALLEST;
        let end = Millis(2_000);
        let key = ApiKey {
            id: ApiKeyId::of(id),
            tenant: TenantId(7),
            user_id: UserId::of(id),
            username: "jane".into(),
            group_id: GroupId::of(id),
            groups: Vec::new(),
            former: Vec::new(),
            name: "n8n".into(),
            hash: hash_of(&"x".into()),
            last4: "wxyz".into(),
            scopes: vec!["*".into()],
            dialect: None,
            created_at: Millis(1_000),
            expires_at: Some(end),
            revoked_at: None,
            terms: Terms::default(),
            retirement: None,
            sealed_text: None,
        };
        assert!(key.usable(Millis(end.0 - 1)));
        assert!(!key.usable(end) && !key.usable(Millis(end.0 + 1)));
        assert!(ApiKey { expires_at: None, ..key.clone() }.usable(end));
        assert!(!ApiKey { revoked_at: Some(Millis(0)), ..key.clone() }.usable(Millis(0)));
        assert!(!ApiKey { revoked_at: Some(Millis(0)), expires_at: None, ..key.clone() }.usable(Millis(0)));
        assert_eq!(key.redacted(), "btn_live_…wxyz");
        assert_eq!(key.life(), Some(Duration::from_secs(1)));

        let retired =
            |at| ApiKey { retirement: Some(Retirement { successor: ApiKeyId::of(id), at }), ..key.clone() };
        assert_eq!(retired(Millis(1_500)).status(Millis(1_499)), KeyStatus::Active);
        assert_eq!(retired(Millis(1_500)).status(Millis(1_500)), KeyStatus::Expired);
        assert_eq!(retired(Millis(9_000)).status(end), KeyStatus::Expired, "its own life is not made longer");
        let revoked = ApiKey { revoked_at: Some(Millis(0)), ..retired(Millis(1_500)) };
        assert_eq!(revoked.status(Millis(9_000)), KeyStatus::Revoked);
    }
}
