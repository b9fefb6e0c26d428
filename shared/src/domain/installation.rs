//! Installations: the n8n instances that an organization has registered.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    names::names,
    place::{Place, decoded},
};
use crate::{
    clock::Millis,
    ids::{GroupId, InstallationId},
};

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
    pub id: InstallationId,
    /// The caller's own name for it; registering it again updates this record.
    pub instance_id: String,
    /// Base URL without a trailing slash; may have a path prefix.
    pub host: String,
    /// Where n8n serves webhooks when that is not below `host` (n8n's `WEBHOOK_URL`). As `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    pub title: String,
    /// The n8n API key, sealed; see [`Installation::seal_record`].
    pub sealed_api_key: String,
    /// How often a key was registered. Each is sealed under its number, so that an earlier one does not open in its place.
    #[serde(default)]
    pub key_version: u64,
    pub group_id: GroupId,
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
    pub fn record_of(id: InstallationId, version: u64) -> String {
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

    /// Whether n8n took the key when it was last asked.
    pub fn key_works(&self) -> bool {
        self.api_key_health.is_some_and(|known| known.state == KeyState::Ok)
    }

    /// Where this n8n lies: its host, and the address of its webhooks where that is another one.
    pub fn places(&self) -> Vec<Place> {
        let mut places: Vec<_> = self.addresses().iter().map(Place::of).collect();
        places.dedup();
        places
    }

    /// Its host, and the address of its webhooks, as far as they can be called.
    pub fn addresses(&self) -> Vec<Url> {
        let stored = std::iter::once(&self.host).chain(&self.webhook_url);
        let urls = stored.filter_map(|url| Url::parse(url).ok());
        urls.filter(|url| matches!(url.scheme(), "http" | "https")).collect()
    }

    /// Whether a URL belongs to this n8n: it lies at or below one of its places. Another n8n may lie deeper.
    pub fn holds(&self, url: &Url) -> bool {
        let wanted = Place::of(url);
        self.places().iter().any(|place| place.holds(&wanted))
    }

    /// Whether a URL may be called as this n8n's: it has the origin of one of its places, whatever its path.
    pub fn owns(&self, url: &Url) -> bool {
        let wanted = url.origin().ascii_serialization();
        self.places().iter().any(|place| place.origin == wanted)
    }

    /// The path of the webhook that a URL of this n8n calls, as its node has it: without what n8n puts before it (`webhook`,
    /// `webhook-test`), and decoded. None where the URL calls no webhook.
    pub fn webhook_path(&self, url: &Url) -> Option<String> {
        let wanted = Place::of(url);
        let above = self.places().into_iter().filter(|place| place.holds(&wanted));
        let above = above.map(|place| place.depth()).max()?;
        let path: Vec<&str> =
            url.path_segments()?.filter(|segment| !segment.is_empty()).skip(above).collect();
        let at = path.iter().position(|segment| segment.starts_with("webhook"))?;
        let path: Vec<String> = path.get(at + 1..)?.iter().map(|segment| decoded(segment)).collect();
        Some(path.join("/"))
    }

    /// Where its webhooks and its Waits are called.
    pub fn webhook_base(&self) -> &str {
        self.webhook_url.as_ref().unwrap_or(&self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{EntityId, Id};

    fn installation(host: &str, webhook_url: Option<&str>) -> Installation {
        Installation {
            id: InstallationId::of(Id::new(Millis(0), 1)),
            instance_id: "n8n".into(),
            host: host.into(),
            webhook_url: webhook_url.map(str::to_owned),
            title: "n8n".into(),
            sealed_api_key: String::new(),
            key_version: 1,
            group_id: GroupId::of(Id::new(Millis(0), 2)),
            created_at: Millis(0),
            changed_at: Millis(0),
            listing_error: None,
            listing_attempts: 0,
            api_key_health: None,
            seen_at: None,
            v: 1,
        }
    }

    #[test]
    fn a_webhooks_path_is_what_its_node_says() {
        let n8n = installation("https://a.example/webhooks", Some("https://hooks.example"));
        for (url, path) in [
            ("https://a.example/webhooks/webhook/report", Some("report")),
            ("https://a.example/webhooks/webhook-test//report/", Some("report")),
            ("https://hooks.example/webhook/t%C3%A4glich/a%20b?x=1", Some("täglich/a b")),
            ("https://hooks.example/webhook", Some("")),
            ("https://a.example/webhooks/form/report", None),
            ("https://a.example/webhook/report", None),
        ] {
            assert_eq!(n8n.webhook_path(&Url::parse(url).unwrap()).as_deref(), path, "{url}");
        }
    }

    #[test]
    fn a_url_belongs_to_the_n8n_below_whose_path_it_lies() {
        let n8n = installation("https://a.example/n8n", Some("https://hooks.example"));
        for (url, holds, owns) in [
            ("https://a.example/n8n/webhook-waiting/5", true, true),
            ("https://hooks.example/webhook-waiting/5", true, true),
            ("https://a.example/webhook-waiting/5", false, true),
            ("https://a.example/n8n2/webhook-waiting/5", false, true),
            ("http://a.example/n8n/webhook-waiting/5", false, false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!((n8n.holds(&url), n8n.owns(&url)), (holds, owns), "{url}");
        }
        assert_eq!(n8n.webhook_base(), "https://hooks.example");
        assert_eq!(installation("https://a.example", None).webhook_base(), "https://a.example");
    }
}
