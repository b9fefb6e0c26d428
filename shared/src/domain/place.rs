//! Where an n8n lies: an origin, and a path below which it is served there.
//!
//! Its one rule: paths are compared by whole segments, as they are meant and not as they are written. `/team-a` is no part of
//! `/team-ab`; `/team%2Da` and `/team-a/` are `/team-a`; case counts, as it does for servers.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use url::Url;

/// What stands for itself in a path (RFC 3986 §2.3). Everything else is written in one way.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An address of a web server, without query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Scheme, host and port, default ports left out.
    pub origin: String,
    /// In one spelling, empty segments left out.
    segments: Vec<String>,
    /// A segment hides a way up (`..%2F`). Some servers go it, so that nobody knows where it leads.
    climbs: bool,
}

impl Place {
    pub fn of(url: &Url) -> Self {
        let segments = || url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty());
        Self {
            origin: url.origin().ascii_serialization(),
            segments: segments().map(in_one_spelling).collect(),
            climbs: segments().any(climbs),
        }
    }

    /// The place of a URL that was stored; none where it is no http or https URL.
    pub fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| Self::of(&url))
    }

    /// The path in one spelling: empty, or `/a/b`.
    pub fn path(&self) -> String {
        self.segments.iter().flat_map(|segment| ["/", segment]).collect()
    }

    /// How many segments the path has: of two places above a third the deeper one is nearer.
    pub fn depth(&self) -> usize {
        self.segments.len()
    }

    /// Whether another place lies at this one or below it.
    pub fn holds(&self, other: &Self) -> bool {
        self.origin == other.origin && !other.climbs && other.segments.starts_with(&self.segments)
    }

    /// As [`Self::holds`], of a path of this origin.
    pub fn lies_below(&self, path: &str) -> bool {
        let above: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        !self.climbs
            && self.segments.len() >= above.len()
            && self.segments.iter().zip(above).all(|(own, above)| own == above)
    }
}

fn climbs(segment: &str) -> bool {
    let meant = String::from_utf8_lossy(&percent_decode_str(segment).collect::<Vec<u8>>()).into_owned();
    meant.contains(['/', '\\']) && meant.split(['/', '\\']).any(|part| part == "..")
}

fn in_one_spelling(segment: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(segment).collect();
    percent_encode(&bytes, ENCODED).to_string()
}

/// A segment of a path as it is meant; what is no text as it is written.
pub fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8().map_or_else(|_| segment.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        Place::parse(url).unwrap()
    }

    #[test]
    fn a_path_holds_what_lies_below_it_segment_by_segment() {
        let above = place("https://n8n.example.com/team-a");
        for (url, below) in [
            ("https://n8n.example.com/team-a", true),
            ("https://n8n.example.com/team-a/", true),
            ("https://n8n.example.com/team-a/webhook-waiting/5?signature=x", true),
            ("https://N8N.example.com:443/team%2Da/webhook/x", true),
            ("https://n8n.example.com//team-a//webhook/x", true),
            ("https://n8n.example.com/x/../team-a/webhook/x", true),
            ("https://n8n.example.com/team-ab/webhook/x", false),
            ("https://n8n.example.com/Team-A/webhook/x", false),
            ("https://n8n.example.com/team-a%2Fwebhook/x", false),
            ("https://n8n.example.com/team-a/../team-b/webhook/x", false),
            ("https://n8n.example.com/webhook/team-a", false),
            ("https://n8n.example.com/team-a/..%2Fteam-b/webhook/x", false),
            ("https://n8n.example.com/team-a/x%5C%2e%2e%5C..%5cteam-b", false),
            ("https://n8n.example.com/team-a/webhook/..a%2Fb", true),
            ("https://n8n.example.com/", false),
            ("http://n8n.example.com/team-a", false),
            ("https://n8n.example.com:8443/team-a", false),
        ] {
            assert_eq!(above.holds(&place(url)), below, "{url}");
            let same_origin = place(url).origin == above.origin;
            assert_eq!(same_origin && place(url).lies_below(&above.path()), below, "{url}");
        }
        assert!(place("https://n8n.example.com").holds(&above));
    }

    #[test]
    fn one_path_has_one_spelling() {
        for (url, path) in [
            ("https://a.example", ""),
            ("https://a.example/", ""),
            ("https://a.example/n8n/", "/n8n"),
            ("https://a.example/%6e8n/%c3%a9", "/n8n/%C3%A9"),
            ("https://a.example/n8n/é", "/n8n/%C3%A9"),
            ("https://a.example/a%2fb", "/a%2Fb"),
            ("https://a.example/a+b", "/a%2Bb"),
        ] {
            assert_eq!(place(url).path(), path, "{url}");
        }
        assert_eq!(Place::parse("file:///etc/passwd"), None);
    }

    #[test]
    fn a_segment_is_read_as_it_is_meant() {
        assert_eq!(decoded("t%C3%A4glich"), "täglich");
        assert_eq!(decoded("%ff"), "%ff");
    }
}
