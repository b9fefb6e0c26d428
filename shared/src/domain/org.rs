//! Organizations, their users and their client groups.

use serde::{Deserialize, Serialize};

use crate::{clock::Millis, ids::Id, tenant::TenantId};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    pub id: TenantId,
    pub name: String,
    pub created_at: Millis,
}

/// A person inside an organization. The user name is the e-mail address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: Id,
    pub tenant: TenantId,
    pub email: String,
    pub role: Role,
    /// argon2id, PHC string.
    pub password_hash: String,
    pub created_at: Millis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    Editor,
    Viewer,
    Approver,
}

/// A client group: the sub-scope in which an agency keeps one client's data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub id: Id,
    pub name: String,
    pub created_at: Millis,
}

/// Trims and folds an address for comparison; none when it cannot be one.
pub fn fold_email(text: &str) -> Option<String> {
    let folded = text.trim().to_lowercase();
    let (local, domain) = folded.rsplit_once('@')?;
    let plausible = !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && folded.len() <= 254
        && !folded.contains(|c: char| c.is_whitespace() || c.is_control());
    plausible.then_some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fold_and_nonsense_is_refused() {
        assert_eq!(fold_email(" Jane@Example.COM "), Some("jane@example.com".into()));
        for text in ["", "jane", "@example.com", "jane@", "jane@example", "ja ne@example.com", "jane@.com"] {
            assert_eq!(fold_email(text), None, "{text}");
        }
    }
}
