//! Every partition that an organization has, and what each of them is to whoever restores, exports or erases it.
//!
//! Its one rule: a repository that keeps something in a partition which does not stand here fails in every test of the house.

use serde_json::Value;

use crate::{
    blobs::BlobKey,
    domain::file::blob_name,
    ids::FileId,
    store::{Attrs, Key},
    tenant::TenantId,
};

/// What a partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What the organization has: exported and restored.
    Record,
    /// What follows from records: index entries, guards, pointers, sums. Restored with them, and nothing that an export needs.
    Beside,
    /// Who may come in. Restored where it is missing, never put over what is there: it may have been revoked since.
    Credential,
    /// Nothing without a secret in it: restored, never exported.
    Secret,
    /// What is over before anybody restores it.
    Passing,
}

/// The first part of a partition's name behind the tenant, by name.
pub const PARTITIONS: &[(&str, Kind)] = &[
    ("admins", Kind::Credential),
    ("alert-firing", Kind::Beside),
    ("alert-rules", Kind::Record),
    ("api-key", Kind::Credential),
    ("asks", Kind::Beside),
    ("chat", Kind::Record),
    ("chat-session", Kind::Beside),
    ("chat-sums", Kind::Beside),
    ("chore", Kind::Beside),
    ("collection", Kind::Record),
    ("collection-title", Kind::Beside),
    ("departed-invoice", Kind::Beside),
    ("departed-lead", Kind::Beside),
    ("departed-media", Kind::Beside),
    ("departed-payload", Kind::Beside),
    ("email", Kind::Credential),
    ("event", Kind::Record),
    ("file-signing", Kind::Secret),
    ("files-stored", Kind::Beside),
    ("group", Kind::Record),
    ("grouping", Kind::Beside),
    ("idempotency", Kind::Passing),
    ("installation", Kind::Record),
    ("instance", Kind::Beside),
    ("invoice", Kind::Record),
    ("invoice-content", Kind::Record),
    ("invoice-number", Kind::Beside),
    ("key-use", Kind::Record),
    ("latest", Kind::Record),
    ("lead", Kind::Record),
    ("lead-content", Kind::Record),
    ("lead-deleted", Kind::Record),
    ("lead-view", Kind::Record),
    ("leads-by", Kind::Beside),
    ("leads-email", Kind::Beside),
    ("leads-text", Kind::Beside),
    ("media", Kind::Record),
    ("media-by", Kind::Beside),
    ("media-content", Kind::Record),
    ("media-stats", Kind::Beside),
    ("media-text", Kind::Beside),
    ("money", Kind::Record),
    ("n8n-credential", Kind::Record),
    ("notification", Kind::Record),
    ("org", Kind::Record),
    ("origin", Kind::Beside),
    ("payload", Kind::Record),
    ("payload-content", Kind::Record),
    ("pipeline", Kind::Record),
    ("project", Kind::Record),
    ("push", Kind::Record),
    ("rate", Kind::Passing),
    ("regenerating", Kind::Beside),
    ("run", Kind::Record),
    ("second-factor", Kind::Secret),
    ("session", Kind::Passing),
    ("tally", Kind::Beside),
    ("triggers-under-way", Kind::Passing),
    ("upload", Kind::Beside),
    ("usage", Kind::Record),
    ("usage-day", Kind::Beside),
    ("usage-gate", Kind::Beside),
    ("usage-unpriced", Kind::Beside),
    ("usage-workflow", Kind::Beside),
    ("user", Kind::Credential),
    ("vitals", Kind::Record),
    ("webhook", Kind::Beside),
    ("workflow", Kind::Record),
    ("workflow-id", Kind::Beside),
    ("workflows", Kind::Record),
    ("workflows-missed", Kind::Passing),
];

/// The partition that a key lies in, by the name that it has here.
pub fn partition(key: &Key) -> &str {
    let mut parts = key.pk().split('#');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("T"), _, Some(name)) => name,
        (Some("G"), Some("key"), _) => "api-key",
        (Some("G"), Some(name), _) => name,
        _ => "",
    }
}

/// What a partition is; none where nobody has thought of it.
pub fn kind(partition: &str) -> Option<Kind> {
    PARTITIONS.binary_search_by_key(&partition, |(name, _)| name).ok().map(|at| PARTITIONS[at].1)
}

/// Attributes that no export has, wherever they stand, beside all whose name begins with `sealed_`.
const SECRETS: [&str; 9] = [
    "password_hash",
    "hash",
    "api_key",
    "ticket",
    "signing_key",
    "jti_hash",
    "recovery",
    "resume_suffix",
    "secret",
];

/// Whether an attribute holds a secret, or what opens one.
pub fn is_secret(name: &str) -> bool {
    name.starts_with("sealed_") || SECRETS.contains(&name)
}

/// The versions of blobs that an item points at.
pub fn blobs(tenant: TenantId, partition: &str, attrs: &Attrs) -> Vec<(BlobKey, String)> {
    let at = |of: Option<&Value>, file: Option<String>| {
        let version = of?.get("version")?.as_str()?.to_owned();
        Some((BlobKey::of(tenant, &file?), version))
    };
    let named = |of: Option<&Value>| of?.get("file")?.as_str().map(str::to_owned);
    let found = match partition {
        "payload" | "payload-content" => {
            let body = attrs.get("body").and_then(|body| body.get("blob"));
            at(body, named(body))
        }
        "media" => {
            let file = attrs.get("file");
            let id = file.and_then(|file| FileId::from_u64(file.get("id")?.as_u64()?));
            at(file, id.map(blob_name))
        }
        "push" | "latest" => {
            let blob = attrs.get("snapshot").and_then(|snapshot| snapshot.get("blob"));
            at(blob, named(blob))
        }
        _ => None,
    };
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_names_nothing_twice() {
        assert!(PARTITIONS.is_sorted_by(|one, two| one.0 < two.0));
    }

    #[test]
    fn a_partition_has_the_name_of_its_first_part() {
        for (key, name) in [
            (Key::of(TenantId(7), "usage-day#wf1", "x"), "usage-day"),
            (Key::of(TenantId(7), "org", "-"), "org"),
            (Key::from_parts("G#key#abc", "-"), "api-key"),
            (Key::from_parts("G#email#a@b", "-"), "email"),
        ] {
            assert_eq!(partition(&key), name);
            assert!(kind(name).is_some());
        }
        assert_eq!(kind("nobody"), None);
    }
}
