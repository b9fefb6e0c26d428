//! Who owns what: the isolation unit and the caller behind a request.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One organization: nothing of it is ever visible to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub u64);

/// A text that names no tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotATenant;

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TenantId {
    type Err = NotATenant;

    /// Only what `Display` shows: `+7` and `007` stand in no key of tenant 7.
    fn from_str(text: &str) -> Result<Self, NotATenant> {
        let tenant = text.parse().map(Self).map_err(|_| NotATenant)?;
        if tenant.to_string() == text { Ok(tenant) } else { Err(NotATenant) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_written_one_way() {
        assert_eq!("7".parse(), Ok(TenantId(7)));
        for text in ["+7", "007", " 7", "", "-7", "7.0", "18446744073709551616"] {
            assert_eq!(text.parse::<TenantId>(), Err(NotATenant), "{text}");
        }
    }
}
