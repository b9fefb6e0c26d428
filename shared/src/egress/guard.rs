//! The decision whether a URL may be called. The one rule: if any address of a name is forbidden, the name is; picking
//! the good ones would let an attacker add a bad one for the day when the good one does not answer.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use url::{Host, Url};

use super::{Kind, OutError, Reason, Refusal, Resolver, classify};

/// How long a name may take to resolve, at save and at send.
pub(super) const DNS_BUDGET: Duration = Duration::from_secs(5);

/// The longest URL that is accepted from a user, in bytes: as long as a field for one may be.
const MAX_URL_BYTES: usize = 8192;

/// What may be called besides the open internet. The default is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Opens `127.0.0.0/8` and `::1`, and `localhost` with its subdomains, which then mean these two without asking
    /// DNS (RFC 6761 §6.3). For a laptop; never on Lambda, where loopback holds the Runtime API.
    pub allow_loopback: bool,
    /// An operator's exceptions. They open private, shared and unique-local addresses only: an entry that covers
    /// metadata, link-local or embedding addresses does not open those.
    pub allow_private: Vec<IpNet>,
}

impl Policy {
    /// Whether `address` may be dialled; if not, its kind.
    fn judge(&self, address: IpAddr) -> Result<(), Kind> {
        let kind = classify(address);
        let allowed = match kind {
            Kind::Global => true,
            Kind::Loopback => self.allow_loopback,
            private if private.is_private_network() => {
                self.allow_private.iter().any(|net| net.contains(&address))
            }
            _ => false,
        };
        if allowed { Ok(()) } else { Err(kind) }
    }
}

/// Parses a URL that a user typed.
///
/// # Errors
/// [`Reason::Malformed`] if it is not an absolute URL or is longer than 8,192 bytes. The text is not repeated.
pub fn parse_url(text: &str) -> Result<Url, OutError> {
    if text.len() > MAX_URL_BYTES {
        return Err(OutError::refused("", Reason::Malformed));
    }
    Url::parse(text).map_err(|_| OutError::refused("", Reason::Malformed))
}

/// Policy and resolver together: what [`Guarded`](super::Guarded) asks at save, at send, and inside its connector.
pub(super) struct Guard {
    policy: Policy,
    resolver: Arc<dyn Resolver>,
}

impl Guard {
    pub(super) fn new(policy: Policy, resolver: Arc<dyn Resolver>) -> Self {
        Self { policy, resolver }
    }

    /// Judges all that can be judged without resolving, IP literals included: a connector does not ask its resolver
    /// about those. The decimal, octal, hexadecimal and full-width spellings of IPv4 are literals by the time that
    /// [`Url`] has parsed them. Returns the name that is left to resolve, if the host is one.
    pub(super) fn judge_url<'url>(&self, url: &'url Url) -> Result<Option<&'url str>, OutError> {
        let shown = url.host_str().unwrap_or_default();
        let refuse = |reason| Err(OutError::refused(shown, reason));
        if !matches!(url.scheme(), "http" | "https") {
            return refuse(Reason::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(Reason::UserInfo);
        }
        if url.port() == Some(0) {
            return refuse(Reason::Port);
        }
        let literal = match url.host() {
            Some(Host::Domain(name)) if is_dns_name(name) => return Ok(Some(name)),
            None | Some(Host::Domain(_)) => return refuse(Reason::Host),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        match self.policy.judge(literal) {
            Ok(()) => Ok(None),
            Err(kind) => Err(self.closed(shown, kind)),
        }
    }

    /// The refusal of an address. On a laptop, which is where loopback is open, an operator can open private networks.
    fn closed(&self, host: &str, kind: Kind) -> OutError {
        let may_be_opened = self.policy.allow_loopback && kind.is_private_network();
        let opened_by = may_be_opened.then_some("BATON_EGRESS_ALLOW");
        OutError::Refused(Refusal { host: host.to_owned(), reason: Reason::Address(kind), opened_by })
    }

    /// Resolves `name` once and judges every address. What it returns may be dialled, and nothing else.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, OutError> {
        let found = if is_localhost(name) {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        } else {
            match tokio::time::timeout(DNS_BUDGET, self.resolver.resolve(name)).await {
                Ok(Ok(found)) if found.is_empty() => {
                    return Err(OutError::Dns(format!("{name}: no address")));
                }
                Ok(Ok(found)) => found,
                Ok(Err(why)) => return Err(OutError::Dns(format!("{name}: {why}"))),
                Err(_) => {
                    return Err(OutError::Dns(format!(
                        "{name}: no answer within {} s",
                        DNS_BUDGET.as_secs()
                    )));
                }
            }
        };
        for address in &found {
            if let Err(kind) = self.policy.judge(*address) {
                return Err(self.closed(name, kind));
            }
        }
        Ok(found)
    }
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, 253 in all, with or without the root's dot. URL
/// parsing lets through far more, none of which DNS resolves and all of which some resolver may read in its own way.
fn is_dns_name(name: &str) -> bool {
    let relative = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    relative.len() <= 253 && relative.split('.').all(is_label)
}

/// `localhost` and everything under it, with or without the root's dot.
fn is_localhost(name: &str) -> bool {
    let relative = name.strip_suffix('.').unwrap_or(name);
    let last = relative.rsplit('.').next().unwrap_or(relative);
    last.eq_ignore_ascii_case("localhost")
}
