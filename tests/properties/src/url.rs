//! Addresses: what may be called, base URLs of n8n, resume URLs, and what the address of a video tells.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use async_trait::async_trait;
use url::{Host, Url};

use super::text_lines;
use shared::{
    domain::{
        media_url,
        n8n_host::{base_url, n8n_base_url},
        place::Place,
    },
    egress::{Guarded, HttpOut, Policy, Resolver, parse_url},
    http::fields::Fields,
    n8n::wait::rebuild_resume_url,
};

/// Whatever the guard lets through leads to the open internet, as a second list of what does not says; a name that leads
/// elsewhere is refused; and what is made of an address stays where the address was.
pub fn url(data: &[u8]) {
    let Some([address, execution, suffix, token]) = text_lines::<4>(data) else { return };
    guarded(address);
    field(address);
    base(address, execution, suffix, token);
    video(address);
}

/// A DNS that knows one address for every name.
struct Everywhere(IpAddr, Mutex<Vec<String>>);

#[async_trait]
impl Resolver for Everywhere {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
        Ok(vec![self.0])
    }
}

struct Door {
    dns: Arc<Everywhere>,
    guard: Option<Guarded>,
}

impl Door {
    fn to(address: impl Into<IpAddr>) -> Self {
        let dns = Arc::new(Everywhere(address.into(), Mutex::default()));
        Self { guard: Guarded::new(Policy::default(), dns.clone()).ok(), dns }
    }

    /// Whether the guard lets the URL through, and the name that it asked for.
    fn opens(&self, url: &Url) -> (bool, Option<String>) {
        let Some(guard) = &self.guard else { return (false, None) };
        let answer = super::house::block_on(guard.check(url));
        (answer.is_ok(), self.dns.1.lock().unwrap_or_else(PoisonError::into_inner).pop())
    }
}

static OUTSIDE: LazyLock<Door> = LazyLock::new(|| Door::to(Ipv4Addr::new(93, 184, 215, 14)));
static INSIDE: LazyLock<Door> = LazyLock::new(|| Door::to(Ipv4Addr::LOCALHOST));

fn guarded(text: &str) {
    let Ok(url) = parse_url(text) else { return };
    let (opens, asked) = OUTSIDE.opens(&url);
    let (inside, _) = INSIDE.opens(&url);
    if !opens {
        assert!(!inside, "{url}");
        return;
    }
    assert!(matches!(url.scheme(), "http" | "https"), "{url}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&url), "{text}");
    match url.host() {
        Some(Host::Ipv4(address)) => {
            assert!(is_public_v4(address) && asked.is_none() && inside, "{text} leads to {address}");
        }
        Some(Host::Ipv6(address)) => {
            assert!(is_public_v6(address) && asked.is_none() && inside, "{text} leads to {address}");
        }
        Some(Host::Domain(name)) => {
            assert!(!inside, "{name} leads inside");
            assert_eq!(asked.as_deref(), Some(name), "another name was judged than the one of {text}");
            assert!(is_a_name(name), "{text} leads to {name}");
        }
        None => assert!(opens, "{text} has no host"),
    }
}

/// No resolver reads it as anything but a name: not as a number in any base, and not as this machine's own name.
fn is_a_name(name: &str) -> bool {
    let relative = name.strip_suffix('.').unwrap_or(name);
    let last = relative.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    !last.is_empty()
        && last != "localhost"
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && !hex
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
}

/// By the properties that the standard library knows, and the ranges that it does not name.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let named = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation();
    let special =
        matches!((a, b, c), (0, ..) | (240.., ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _));
    !named && !special && address != Ipv4Addr::new(168, 63, 129, 16)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, _, _, _, f, ..] = address.segments();
    let special =
        matches!((a, b), (0x2001, 0..0x0200 | 0x0db8) | (0x2002, _) | (0x3ffe, _) | (0x3fff, 0..0x1000));
    (0x2000..0x4000).contains(&a) && !special && f != 0x5efe
}

/// A field for a URL takes nothing that the guard would not understand, and keeps its meaning.
fn field(text: &str) {
    let mut fields = Fields::from_iter([("url".to_owned(), text.to_owned())]);
    if let Some(url) = fields.url("url") {
        assert_eq!(Url::parse(text.trim()).as_ref(), Ok(&url), "{text}");
    }
}

fn base(text: &str, execution: &str, suffix: &str, token: &str) {
    let Ok(base) = base_url(text) else { return };
    assert_eq!(base_url(&base).as_ref(), Ok(&base), "{text} is kept in two forms");
    assert!(!base.ends_with('/') && !base.contains(['?', '#']), "{base}");
    let place = |text: &str| Place::parse(text);
    assert_eq!(place(&base), place(text.trim()), "{text}");
    let n8n = n8n_base_url(text).map(|(base, _)| base);
    assert!(n8n.is_ok(), "{text} is a base and no n8n's: {n8n:?}");
    let Ok(n8n) = n8n else { return };
    assert_eq!(n8n_base_url(&n8n), Ok((n8n.clone(), false)), "{text} is cut in two ways");
    assert!(base.starts_with(&n8n), "{text} is cut to {n8n}");
    if let (Some(n8n), Some(whole)) = (place(&n8n), place(&base)) {
        assert!(n8n.holds(&whole) && whole.lies_below(&n8n.path()), "{text} lies elsewhere");
        assert_eq!(whole.path().matches('/').count(), whole.depth(), "{text}");
    }
    let Ok(host) = Url::parse(&base) else { return assert!(base.is_empty(), "{base} is no URL") };
    assert!(host.username().is_empty() && host.password().is_none(), "{base}");
    let url =
        rebuild_resume_url(&host, execution, Some(suffix), Some(token).filter(|token| !token.is_empty()));
    assert_eq!(url.origin(), host.origin(), "{url}");
    let path = host.path().trim_end_matches('/');
    assert!(url.path().starts_with(&format!("{path}/webhook-waiting")), "{url} left {base}");
    let signature = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
    let sent = (!token.is_empty()).then(|| ("signature".to_owned(), token.to_owned()));
    assert_eq!(signature.collect::<Vec<_>>(), Vec::from_iter(sent), "{url}");
    assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&url));
}

fn video(text: &str) {
    let derived = media_url::derive(text);
    if let Some(embed) = &derived.embed_url {
        let host = Url::parse(embed).ok().and_then(|url| Some(url.host_str()?.to_owned()));
        let known = ["www.youtube.com", "player.vimeo.com", "vimeo.com"];
        assert!(host.is_some_and(|host| known.contains(&host.as_str())), "{text} is shown by {embed}");
        assert_eq!(media_url::derive(embed).embed_url.as_ref(), Some(embed), "{text}");
    }
    if let Some(thumbnail) = &derived.thumbnail_url {
        assert!(thumbnail.starts_with("https://img.youtube.com/vi/"), "{thumbnail}");
    }
    let asked = media_url::oembed(text);
    assert_eq!(asked.is_some(), derived.embed_url.is_some(), "{text}");
    if let Some(asked) = asked {
        assert!(["www.youtube.com", "vimeo.com"].contains(&asked.host_str().unwrap_or_default()), "{asked}");
        let about = asked.query_pairs().find(|(name, _)| name == "url").map(|(_, value)| value.into_owned());
        let embed = about.and_then(|about| media_url::derive(&about).embed_url);
        assert_eq!(embed, derived.embed_url, "{text}");
    }
}
