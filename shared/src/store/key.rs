//! Keys. Its one rule: a tenant's key is made from the tenant, so that no request can name another tenant's item.

use std::fmt;

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

/// A piece of a key that a caller chose: the separator cannot occur in it.
pub fn segment(text: &str) -> String {
    text.replace('%', "%25").replace('#', "%23")
}
