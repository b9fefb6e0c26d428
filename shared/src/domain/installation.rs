//! Installations: the n8n instances that an organization has registered.

use serde::{Deserialize, Serialize};
use url::Url;

use super::names::names;
use crate::{clock::Millis, ids::Id};

names! {
    /// What n8n said last to the API key that was registered.
    pub enum KeyState {
        Ok = "ok",
        Refused = "refused",
    }
}

/// How an API key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHealth {
    pub state: KeyState,
    /// Since when n8n says so.
    pub since: Millis,
}

/// One n8n instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Installation {
    pub id: Id,
    /// The caller's own name for it; registering it again updates this record.
    pub instance_id: String,
    /// Base URL without a trailing slash; may have a path prefix.
    pub host: String,
    /// Where n8n serves webhooks when that is another origin than `host` (n8n's `WEBHOOK_URL`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    pub title: String,
    /// The n8n API key, sealed; see [`Installation::seal_record`].
    pub sealed_api_key: String,
    /// How often a key was registered. Each is sealed under its number, so that an earlier one does not open in its place.
    #[serde(default)]
    pub key_version: u64,
    pub group_id: Id,
    pub created_at: Millis,
    pub changed_at: Millis,
    /// Why n8n's workflows could not be listed yet, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing_error: Option<String>,
    /// Failed attempts to list n8n's workflows since the last registration.
    #[serde(default)]
    pub listing_attempts: u32,
    /// None until n8n was asked with the key that was registered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_health: Option<KeyHealth>,
    /// When this n8n was heard of last, to a minute: it pushed, or it answered. Written beside the versions of the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Millis>,
    pub v: u64,
}

impl Installation {
    /// Name under which the n8n API key is sealed.
    pub fn seal_record(&self) -> String {
        Self::record_of(self.id, self.key_version)
    }

    /// The same, of a key that is registered for the `version`th time.
    pub fn record_of(id: Id, version: u64) -> String {
        format!("installation/{id}/api_key/{version}")
    }

    /// Takes up what n8n says to the key. Returns whether that is news.
    pub fn learn_key(&mut self, state: KeyState, now: Millis) -> bool {
        let news = self.api_key_health.is_none_or(|known| known.state != state);
        if news {
            self.api_key_health = Some(KeyHealth { state, since: now });
        }
        news
    }

    /// The origins at which this n8n may be called: its host's and its webhook origin.
    pub fn origins(&self) -> Vec<String> {
        let mut origins: Vec<_> =
            std::iter::once(&self.host).chain(&self.webhook_url).filter_map(|url| origin(url)).collect();
        origins.dedup();
        origins
    }

    /// Whether a URL lies on one of the origins.
    pub fn owns(&self, url: &Url) -> bool {
        let wanted = url.origin().ascii_serialization();
        self.origins().contains(&wanted)
    }
}

/// Scheme, host and port of a URL, default ports left out.
pub fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

/// A base URL as it is stored: http or https, no credentials, query or fragment, no trailing slash.
/// The error says what a person should change.
pub fn base_url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "must be a full URL such as https://n8n.example.com")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("must start with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if url.port() == Some(0) {
        return Err("must not have port 0");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or fragment");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_kept_in_one_form() {
        assert_eq!(base_url("https://N8N.example.com:443/"), Ok("https://n8n.example.com".into()));
        assert_eq!(base_url("http://127.0.0.1:5678/n8n/"), Ok("http://127.0.0.1:5678/n8n".into()));
        for text in [
            "n8n.example.com",
            "ftp://x.example",
            "https://u:p@x.example",
            "https://x.example/?a=1",
            "https://x.example:0/",
            "",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_compare_without_default_ports() {
        assert_eq!(origin("https://a.example:443/x"), origin("https://a.example"));
        assert_ne!(origin("https://a.example:8443/x"), origin("https://a.example"));
        assert_eq!(origin("file:///etc/passwd"), None);
    }
}
