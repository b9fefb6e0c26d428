//! What the address of a video tells about it, without asking anybody.
//!
//! Its one rule: an address is a provider's only if its host is, letter for letter, and an id is one only if it looks like
//! that provider's ids. What merely resembles them is any other address.

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
        Clip::Vimeo { .. } | Clip::Event(_) => "https://vimeo.com/api/oembed.json",
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
    /// A Vimeo live event.
    Event(String),
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
            Self::Vimeo { .. } | Self::Event(_) => Derived { embed_url, ..named("vimeo", "Vimeo") },
        }
    }

    fn embed(&self) -> String {
        match self {
            Self::Video(id) => format!("https://www.youtube.com/embed/{id}"),
            Self::Playlist(id) => format!("https://www.youtube.com/embed/videoseries?list={id}"),
            Self::Vimeo { id, hash: None } => format!("https://player.vimeo.com/video/{id}"),
            Self::Vimeo { id, hash: Some(hash) } => format!("https://player.vimeo.com/video/{id}?h={hash}"),
            Self::Event(id) => format!("https://vimeo.com/event/{id}/embed"),
        }
    }

    /// The address that the provider itself would give it.
    fn canonical(&self) -> String {
        match self {
            Self::Video(id) => format!("https://www.youtube.com/watch?v={id}"),
            Self::Playlist(id) => format!("https://www.youtube.com/playlist?list={id}"),
            Self::Vimeo { id, hash: None } => format!("https://vimeo.com/{id}"),
            Self::Vimeo { id, hash: Some(hash) } => format!("https://vimeo.com/{id}/{hash}"),
            Self::Event(id) => format!("https://vimeo.com/event/{id}"),
        }
    }
}

fn named(provider: &str, source: &str) -> Derived {
    Derived { provider: Some(provider.into()), source: Some(source.into()), ..Derived::default() }
}

/// An http address and its host. One with a user or a port of its own leads where the host does not tell.
fn parse(address: &str) -> Option<(Url, String)> {
    let url = Url::parse(address).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if !plain || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host).to_owned();
    Some((url, host))
}

fn segments(url: &Url) -> Vec<&str> {
    url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).collect()
}

fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
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
        ["watch"] => query(url, "v").and_then(|id| video(&id)).or_else(|| playlist(url)),
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
fn video(id: &str) -> Option<Clip> {
    let own = matches!(id, "videoseries" | "live_stream");
    (id.len() == 11 && is_base64(id) && !own).then(|| Clip::Video(id.to_owned()))
}

fn playlist(url: &Url) -> Option<Clip> {
    let id = query(url, "list")?;
    ((12..=64).contains(&id.len()) && is_base64(&id)).then_some(Clip::Playlist(id))
}

fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn vimeo(url: &Url, host: &str) -> Option<Clip> {
    let path = segments(url);
    if host == "player.vimeo.com" {
        return match path.as_slice() {
            ["video", id] => clip(id, query(url, "h").as_deref()),
            _ => None,
        };
    }
    match path.as_slice() {
        [id] => clip(id, query(url, "h").as_deref()),
        ["video", id] => clip(id, query(url, "h").as_deref()),
        ["event", id] | ["event", id, "embed"] => is_number(id).then(|| Clip::Event((*id).to_owned())),
        ["channels" | "ondemand", _, id] => clip(id, None),
        ["groups", _, "videos", id] => clip(id, None),
        ["album" | "albums" | "showcase", _, "video", id] => clip(id, query(url, "h").as_deref()),
        [id, hash] => clip(id, Some(hash)),
        _ => None,
    }
}

/// A hash that is none makes it another address: the page of a user, a review, a setting.
fn clip(id: &str, hash: Option<&str>) -> Option<Clip> {
    let is_hash =
        |hash: &str| (6..=20).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = is_number(id) && hash.is_none_or(is_hash);
    fits.then(|| Clip::Vimeo { id: id.to_owned(), hash: hash.map(str::to_owned) })
}

fn is_number(id: &str) -> bool {
    (1..=12).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0')
}

#[cfg(test)]
#[path = "media_url_tests.rs"]
mod tests;
