//! What the address of a video tells about it, without asking anybody.
//!
//! Its one rule: an address is a provider's only if its host is, letter for letter, and an id is one only if it looks like
//! that provider's ids. What merely resembles them is any other address. What clings to an id is cut off, but for the hash of
//! an unlisted video: without it the player plays nothing, and no player is better than such a one.

use serde::{Deserialize, Serialize};
use url::Url;

/// What an address alone tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Derived {
    /// `youtube` or `vimeo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The site's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embed_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
}

/// Reads an address. What is no http address of a known site tells nothing.
pub fn derive(address: &str) -> Derived {
    let Some((url, host)) = parse(address) else { return Derived::default() };
    match Site::of(&host) {
        Some(Site::YouTube) => {
            youtube(&url, &host).map_or_else(|| named("youtube", "YouTube"), Clip::derived)
        }
        Some(Site::Vimeo) => vimeo(&url, &host).map_or_else(|| named("vimeo", "Vimeo"), Clip::derived),
        Some(Site::Other(source)) => Derived { source: Some(source.into()), ..Derived::default() },
        None => Derived::default(),
    }
}

/// The address at which the provider tells more of the video behind this one (oEmbed), if it is a provider's.
pub fn oembed(address: &str) -> Option<Url> {
    let (url, host) = parse(address)?;
    let clip = match Site::of(&host)? {
        Site::YouTube => youtube(&url, &host)?,
        Site::Vimeo => vimeo(&url, &host)?,
        Site::Other(_) => return None,
    };
    let endpoint = match &clip {
        Clip::Video(_) | Clip::Playlist(_) => "https://www.youtube.com/oembed?format=json",
        Clip::Vimeo { .. } | Clip::Event { .. } => "https://vimeo.com/api/oembed.json",
    };
    let mut ask = Url::parse(endpoint).ok()?;
    // Without a frame the sites tell the size of a stamp.
    ask.query_pairs_mut()
        .append_pair("url", &clip.canonical())
        .append_pair("maxwidth", "1920")
        .append_pair("maxheight", "1080");
    Some(ask)
}

enum Site {
    YouTube,
    Vimeo,
    /// A site whose addresses tell no more than its name.
    Other(&'static str),
}

impl Site {
    fn of(host: &str) -> Option<Self> {
        match host {
            "youtu.be" | "www.youtu.be" => Some(Self::YouTube),
            "youtube.com"
            | "www.youtube.com"
            | "m.youtube.com"
            | "music.youtube.com"
            | "youtube-nocookie.com"
            | "www.youtube-nocookie.com" => Some(Self::YouTube),
            "vimeo.com" | "www.vimeo.com" | "player.vimeo.com" => Some(Self::Vimeo),
            "drive.google.com" | "docs.google.com" => Some(Self::Other("Google Drive")),
            "dropbox.com" | "www.dropbox.com" | "dl.dropboxusercontent.com" => Some(Self::Other("Dropbox")),
            // `bucket.s3.region.amazonaws.com`, `s3-region.amazonaws.com`, …
            _ => {
                let labels = host.strip_suffix(".amazonaws.com")?;
                let is_s3 = labels.split('.').any(|label| label == "s3" || label.starts_with("s3-"));
                is_s3.then_some(Self::Other("Amazon S3"))
            }
        }
    }
}

/// Something that a provider plays.
enum Clip {
    /// A YouTube video.
    Video(String),
    /// A YouTube playlist.
    Playlist(String),
    /// A Vimeo video; an unlisted one has a hash beside its number.
    Vimeo { id: String, hash: Option<String> },
    /// A Vimeo live event; an unlisted one has a hash as well.
    Event { id: String, hash: Option<String> },
}

impl Clip {
    fn derived(self) -> Derived {
        let embed_url = Some(self.embed());
        match self {
            Self::Video(id) => Derived {
                embed_url,
                thumbnail_url: Some(format!("https://img.youtube.com/vi/{id}/hqdefault.jpg")),
                ..named("youtube", "YouTube")
            },
            Self::Playlist(_) => Derived { embed_url, ..named("youtube", "YouTube") },
            // Vimeo's pictures have names of their own: only oEmbed knows them.
            Self::Vimeo { .. } | Self::Event { .. } => Derived { embed_url, ..named("vimeo", "Vimeo") },
        }
    }

    fn embed(&self) -> String {
        match self {
            Self::Video(id) => format!("https://www.youtube.com/embed/{id}"),
            Self::Playlist(id) => format!("https://www.youtube.com/embed/videoseries?list={id}"),
            Self::Vimeo { id, hash: None } => format!("https://player.vimeo.com/video/{id}"),
            Self::Vimeo { id, hash: Some(hash) } => format!("https://player.vimeo.com/video/{id}?h={hash}"),
            Self::Event { id, hash: None } => format!("https://vimeo.com/event/{id}/embed"),
            Self::Event { id, hash: Some(hash) } => format!("https://vimeo.com/event/{id}/embed/{hash}"),
        }
    }

    /// The address that the provider itself would give it.
    fn canonical(&self) -> String {
        match self {
            Self::Video(id) => format!("https://www.youtube.com/watch?v={id}"),
            Self::Playlist(id) => format!("https://www.youtube.com/playlist?list={id}"),
            Self::Vimeo { id, hash: None } => format!("https://vimeo.com/{id}"),
            Self::Vimeo { id, hash: Some(hash) } => format!("https://vimeo.com/{id}/{hash}"),
            Self::Event { id, hash: None } => format!("https://vimeo.com/event/{id}"),
            Self::Event { id, hash: Some(hash) } => format!("https://vimeo.com/event/{id}/{hash}"),
        }
    }
}

fn named(provider: &str, source: &str) -> Derived {
    Derived { provider: Some(provider.into()), source: Some(source.into()), ..Derived::default() }
}

/// An http address and its host. One with a user or a port of its own leads where the host does not tell.
fn parse(address: &str) -> Option<(Url, String)> {
    let url = Url::parse(&unescaped(address)).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host).to_owned();
    Some((url, host))
}

/// Addresses that were copied out of a page's source write `&` as HTML does, once or more than once.
pub fn unescaped(address: &str) -> String {
    const FORMS: [&str; 5] = ["&amp;", "&AMP;", "&#38;", "&#038;", "&#x26;"];
    let mut text = address.to_owned();
    for _ in 0..3 {
        let before = text.len();
        for form in FORMS {
            if text.contains(form) {
                text = text.replace(form, "&");
            }
        }
        if text.len() == before {
            break;
        }
    }
    text
}

fn segments(url: &Url) -> Vec<&str> {
    url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).collect()
}

fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A parameter wherever it stands in the address: also behind a second `?`, or behind `&` without any `?`.
fn told<'a>(url: &'a Url, name: &str) -> Option<&'a str> {
    let parts = url.as_str().split(['?', '&', ';', '#']).skip(1);
    parts.filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn youtube(url: &Url, host: &str) -> Option<Clip> {
    let path = segments(url);
    if host.ends_with("youtu.be") {
        return match path.as_slice() {
            [id] => video(id),
            _ => None,
        };
    }
    match path.as_slice() {
        ["watch"] => told(url, "v").and_then(video).or_else(|| playlist(url)),
        ["embed", "videoseries"] | ["playlist"] => playlist(url),
        ["watch" | "embed" | "shorts" | "live" | "v" | "e", id] => video(id),
        // The address that was shared stands inside, without its host.
        ["attribution_link"] => {
            let inner = Url::parse("https://www.youtube.com/").ok()?.join(&query(url, "u")?).ok()?;
            let (inner, host) = parse(inner.as_str())?;
            let shared = matches!(Site::of(&host), Some(Site::YouTube)) && segments(&inner) == ["watch"];
            if shared { youtube(&inner, &host) } else { None }
        }
        _ => None,
    }
}

/// Eleven characters of base 64; two words of the site's own have as many.
fn video(text: &str) -> Option<Clip> {
    let id = base64(text)?;
    let own = matches!(id, "videoseries" | "live_stream");
    (id.len() == 11 && !own).then(|| Clip::Video(id.to_owned()))
}

fn playlist(url: &Url) -> Option<Clip> {
    let id = base64(told(url, "list")?)?;
    (12..=64).contains(&id.len()).then(|| Clip::Playlist(id.to_owned()))
}

/// The id at the beginning of a text, without what clings to it. What goes on behind a point or a slash is something else.
fn base64(text: &str) -> Option<&str> {
    let end = text.find(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '-' | '_')));
    let (id, junk) = text.split_at(end.unwrap_or(text.len()));
    let goes_on = junk.strip_prefix(['.', '/']).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    (!goes_on).then_some(id)
}

fn vimeo(url: &Url, host: &str) -> Option<Clip> {
    let path = segments(url);
    let clip = |id: &str, hash: Option<&str>| {
        let (id, clinging) = numbered(id)?;
        let hash = hash.or(clinging).or_else(|| told(url, "h")).map(hashed);
        // A hash that is none makes it another address: the page of a user, a review, a setting.
        let hash = hash.map_or(Some(None), |hash| hash.map(Some))?;
        Some((id.to_owned(), hash.map(str::to_owned)))
    };
    let video = |id: &str, hash: Option<&str>| clip(id, hash).map(|(id, hash)| Clip::Vimeo { id, hash });
    let event = |id: &str, hash: Option<&str>| clip(id, hash).map(|(id, hash)| Clip::Event { id, hash });
    if host == "player.vimeo.com" {
        return match path.as_slice() {
            ["video", id] => video(id, None),
            _ => None,
        };
    }
    match path.as_slice() {
        [id] | ["video", id] | ["channels" | "ondemand", _, id] => video(id, None),
        ["groups", _, "videos", id] | ["album" | "albums" | "showcase", _, "video", id] => video(id, None),
        ["manage", "videos", id] => video(id, None),
        ["manage", "videos", id, hash] => video(id, Some(hash)),
        ["event", id] => event(id, None),
        ["event", id, rest] if base64(rest) == Some("embed") => event(id, None),
        ["event", id, "embed", hash] | ["event", id, hash] => event(id, Some(hash)),
        [id, hash] => video(id, Some(hash)),
        _ => None,
    }
}

/// The number at the beginning of a text, and the hash that hangs on it by a colon. What clings to a number otherwise is cut
/// off, unless it could be a part of it.
fn numbered(text: &str) -> Option<(&str, Option<&str>)> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (id, rest) = text.split_at(end);
    let hash = [":", "%3A", "%3a"].iter().find_map(|colon| rest.strip_prefix(colon));
    let after = rest.strip_prefix('.').unwrap_or(rest);
    let apart = !after.starts_with(|char: char| char.is_alphanumeric() || matches!(char, '-' | '_'));
    let fits = (1..=12).contains(&id.len()) && !id.starts_with('0') && apart;
    fits.then_some((id, hash))
}

/// The hash at the beginning of a text, without what clings to it.
fn hashed(text: &str) -> Option<&str> {
    let hash = base64(text)?;
    ((6..=20).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

#[cfg(test)]
#[path = "media_url_tests.rs"]
mod tests;
