//! Keys. Its one rule: a tenant's key is made from the tenant, so that no request can name another tenant's item.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::tenant::TenantId;

/// Partition and sort key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub(super) pk: String,
    pub(super) sk: String,
}

/// The few partitions that no tenant owns, because they are what finds the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Global {
    /// SHA-256 of an API key → the key's record.
    ApiKey,
    /// Case-folded e-mail address → the user who owns it.
    Email,
    /// Failed logins under a name or from an address, whoever they belong to → how many.
    LoginFailures,
    /// A user name → the networks it has logged in from lately, whoever it belongs to.
    KnownNetworks,
    /// Marks of the local host about its own data directory.
    Setup,
    /// Watermarks of the due index.
    Watermark,
}

impl Key {
    /// An item of a tenant: `T#<tenant>#<partition>` / `<sort>`.
    pub fn of(tenant: TenantId, partition: &str, sort: impl Into<String>) -> Self {
        Self { pk: Self::partition(tenant, partition), sk: sort.into() }
    }

    /// The partition value alone, for queries on the table and as a `gsi1pk`.
    pub fn partition(tenant: TenantId, partition: &str) -> String {
        format!("T#{tenant}#{partition}")
    }

    /// An item outside every tenant.
    pub fn global(space: Global, id: &str) -> Self {
        let space = match space {
            Global::ApiKey => "key",
            Global::Email => "email",
            Global::LoginFailures => "login-failures",
            Global::KnownNetworks => "known-networks",
            Global::Setup => "setup",
            Global::Watermark => "watermark",
        };
        Self { pk: format!("G#{space}#{id}"), sk: "-".into() }
    }

    /// The mark of a tenant that was erased, beside those of all others. It has to outlive everything that is the tenant's.
    pub fn erased(tenant: TenantId) -> Self {
        Self { pk: Self::ERASED.into(), sk: tenant.to_string() }
    }

    /// The partition of all such marks.
    pub const ERASED: &str = "G#erased";

    /// A key read back from a queue message or an index, where it was written by this code.
    pub fn from_parts(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub fn pk(&self) -> &str {
        &self.pk
    }

    pub fn sk(&self) -> &str {
        &self.sk
    }

    /// The key of something that lies beside the item: the same in a partition of its own.
    #[must_use]
    pub fn beside(&self, what: &str) -> Self {
        Self { pk: format!("{}{what}", self.pk), sk: self.sk.clone() }
    }

    /// The tenant that owns the item, none for [`Global`] ones.
    pub fn tenant(&self) -> Option<TenantId> {
        self.pk.strip_prefix("T#")?.split('#').next()?.parse().ok()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.pk, self.sk)
    }
}

/// Longest [`segment`] in bytes: what 200 characters take of three bytes each, and more. A sort key has room for one and its
/// neighbours, a partition key for three.
const SEGMENT: usize = 640;
/// Longest of two that share a sort key.
const HALF: usize = 480;

/// A piece of a key that a caller chose: the separator cannot occur in it, and it is never longer than there is room for. A
/// long text keeps its beginning and is told apart by its digest.
pub fn segment(text: &str) -> String {
    within(text, SEGMENT)
}

/// The same where two of them share a sort key.
pub fn half_segment(text: &str) -> String {
    within(text, HALF)
}

fn within(text: &str, most: usize) -> String {
    let mut escaped = text.replace('%', "%25").replace('#', "%23");
    if escaped.len() > most {
        // No escaped text has this mark.
        let mut digest = String::from("%~");
        for byte in Sha256::digest(text.as_bytes()) {
            digest.push_str(&format!("{byte:02x}"));
        }
        escaped.truncate(escaped.floor_char_boundary(most - digest.len()));
        escaped.push_str(&digest);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::limits::{PK_BYTES, SK_BYTES};

    #[test]
    fn a_segment_of_any_text_fits_into_a_key() {
        for text in ["a", "雪", "💥", "#", "%"].map(|text| text.repeat(5000)) {
            let (whole, half) = (segment(&text), half_segment(&text));
            assert!(!whole.contains('#') && whole.len() + 100 < SK_BYTES && 3 * whole.len() + 100 < PK_BYTES);
            assert!(2 * half.len() + 60 < SK_BYTES);
            assert_ne!(whole, segment(&format!("{text}x")), "told apart by what is cut off");
        }
    }

    #[test]
    fn a_short_segment_is_its_text() {
        let cjk = "雪".repeat(200);
        assert_eq!(segment(&cjk), cjk);
        assert_eq!(segment("50%#1"), "50%25%231");
    }
}
