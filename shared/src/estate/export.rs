//! Everything that an organization has, as lines of JSON: a file for each kind of thing, and the bodies beside them.
//!
//! Its one rule: what opens something is left out: no hash of a password or key, no sealed value, no secret. And what only helps to
//! find the rest, such as an index entry, says nothing that the rest does not.

use futures::{TryStreamExt, pin_mut};
use serde_json::{Value, json};

use super::{
    Counts, Estate, count, items,
    manifest::{self, Kind},
};
use crate::{
    blobs::BlobKey,
    error::Result,
    store::{Attrs, attr},
    tenant::TenantId,
};

/// What becomes of the parts of an export.
pub trait Sink: Send {
    /// A line for the file of a kind of thing.
    fn line(&mut self, partition: &str, line: &str) -> std::io::Result<()>;

    /// A body, under the name that lines refer to it by.
    fn body(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()>;
}

/// What was exported.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    pub lines: Counts,
    pub bodies: usize,
    /// Bodies that are named and nowhere.
    pub missing: Vec<String>,
}

/// What helps the store and says nothing of the thing.
const OF_THE_STORE: [&str; 6] =
    [attr::DUE_SHARD, attr::DUE_AT, attr::DUE_TASK, attr::GSI1_PK, attr::GSI1_SK, attr::TTL];

/// Hands everything of a tenant to `sink`.
///
/// # Errors
/// The store's, and [`Error::internal`](crate::error::Error::internal) where the sink takes nothing more.
pub async fn run(estate: &Estate, tenant: TenantId, sink: &mut dyn Sink) -> Result<Report> {
    let mut report = Report::default();
    let pages = items(&*estate.whole, tenant);
    pin_mut!(pages);
    while let Some(page) = pages.try_next().await? {
        for item in page {
            let partition = manifest::partition(&item.key).to_owned();
            // What nobody has thought of is a record: rather too much than too little, and never a secret.
            let kind = manifest::kind(&partition).unwrap_or(Kind::Record);
            // Sums of usage outlive the records that they were made of.
            let is_told = matches!(kind, Kind::Record | Kind::Credential) || partition == "usage-day";
            if !is_told || partition == "email" {
                continue;
            }
            let (key, attrs) = (item.key.clone(), item.into_attrs()?);
            let mut names = Vec::new();
            for (body, version) in manifest::blobs(tenant, &partition, &attrs) {
                match estate.blobs.get(&body, Some(&version)).await? {
                    Some(bytes) => {
                        let name = name_of(&body, &version);
                        sink.body(&name, &bytes).map_err(|error| stopped(&error))?;
                        report.bodies += 1;
                        names.push(name);
                    }
                    None => report.missing.push(body.as_str().to_owned()),
                }
            }
            let line = line(key.pk(), key.sk(), attrs, &names);
            sink.line(&partition, &line).map_err(|error| stopped(&error))?;
            count(&mut report.lines, &partition);
        }
    }
    Ok(report)
}

fn stopped(error: &std::io::Error) -> crate::error::Error {
    crate::error::Error::internal(format!("the export cannot be written: {error}"))
}

/// A body's name in the export: its own, and the version, since several of a name may be wanted.
fn name_of(body: &BlobKey, version: &str) -> String {
    let safe: String = version.chars().filter(|one| one.is_ascii_alphanumeric() || *one == '-').collect();
    let own = body.as_str().split_once('/').map_or("", |(_, name)| name);
    format!("blobs/{own}.{safe}")
}

fn line(pk: &str, sk: &str, attrs: Attrs, bodies: &[String]) -> String {
    // Where it lies says what it belongs to, such as a chat's messages to their chat; the hash of a key does not.
    let place = match pk.strip_prefix("T#").and_then(|rest| rest.split_once('#')) {
        Some((_, place)) => format!("{place}/{sk}"),
        None => "-".into(),
    };
    let mut shown = Attrs::new();
    for (name, value) in attrs {
        if !OF_THE_STORE.contains(&name.as_str()) && !manifest::is_secret(&name) {
            shown.insert(name, without_secrets(value));
        }
    }
    let mut line = json!({ "place": place, "item": shown });
    if !bodies.is_empty() {
        line["bodies"] = json!(bodies);
    }
    line.to_string()
}

/// The same without what opens something, however deep it stands.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(name, _)| !name.starts_with("sealed_"))
            .map(|(name, value)| (name, without_secrets(value)))
            .collect(),
        Value::Array(all) => all.into_iter().map(without_secrets).collect(),
        other => other,
    }
}
