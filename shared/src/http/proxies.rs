//! Who called, where a proxy stands in between.
//!
//! Its one rule: only a proxy that the operator named is believed, and of what it hands on only what such a proxy added. All
//! before that the caller may have written.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::peer::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies whose word is taken.
#[derive(Debug, Clone)]
pub struct Proxies(Vec<IpNet>);

/// One step of the way: who asked a proxy, and how, as that proxy says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Hop {
    address: Option<IpAddr>,
    https: bool,
}

impl Proxies {
    pub fn new(trusted: Vec<IpNet>) -> Self {
        Self(trusted)
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Who is at the other end, for a request with these headers that came from `socket`.
    pub fn peer(&self, socket: IpAddr, headers: &HeaderMap) -> Peer {
        if !self.trusts(socket) {
            return Peer { address: Some(socket), https: false };
        }
        let by_list =
            self.client(items(headers, &FORWARDED_FOR).map(|text| Hop { address: node(text), https: false }));
        let by_element = self.client(items(headers, &http::header::FORWARDED).map(element));
        // Where both stand there, one may be the caller's own, as this proxy keeps the other.
        let both = headers.contains_key(&FORWARDED_FOR) && headers.contains_key(http::header::FORWARDED);
        let agreed = !both || by_list.and_then(|hop| hop.address) == by_element.and_then(|hop| hop.address);
        let address = by_list.or(by_element).filter(|_| agreed).and_then(|hop| hop.address);
        let told = items(headers, &FORWARDED_PROTO).next();
        let https = told.map_or_else(
            || by_element.is_some_and(|hop| hop.https),
            |proto| proto.eq_ignore_ascii_case("https"),
        );
        Peer { address: Some(address.unwrap_or(socket)), https }
    }

    /// The nearest hop that is no trusted proxy, or else the farthest that could be read.
    fn client(&self, hops: impl Iterator<Item = Hop>) -> Option<Hop> {
        let mut found = None;
        for hop in hops {
            let Some(address) = hop.address else { break };
            found = Some(hop);
            if !self.trusts(address) {
                break;
            }
        }
        found
    }
}

/// The items of a header that is a list, the last one first.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values: Vec<_> = headers.get_all(name).iter().collect();
    values.into_iter().rev().flat_map(|value| value.to_str().unwrap_or("?").rsplit(',')).map(str::trim)
}

/// An address as proxies write it: alone, with a port, in brackets, quoted.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None if text.matches(':').count() == 1 => text.split(':').next()?,
        None => text,
    };
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// An element of `Forwarded` (RFC 7239).
fn element(text: &str) -> Hop {
    let mut hop = Hop::default();
    for (name, value) in text.split(';').filter_map(|pair| pair.split_once('=')) {
        match name.trim() {
            name if name.eq_ignore_ascii_case("for") => hop.address = node(value.trim()),
            name if name.eq_ignore_ascii_case("proto") => {
                hop.https = value.trim().trim_matches('"').eq_ignore_ascii_case("https");
            }
            _ => {}
        }
    }
    hop
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn seen(socket: &str, sent: &[(&'static str, &str)]) -> (String, bool) {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, value.parse().unwrap());
        }
        let peer = proxies.peer(socket.parse().unwrap(), &headers);
        (peer.address.unwrap().to_string(), peer.https)
    }

    fn address(sent: &[(&'static str, &str)]) -> String {
        seen(PROXY, sent).0
    }

    #[test]
    fn who_is_no_trusted_proxy_says_nothing_of_others() {
        let claims = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=192.0.2.7;proto=https"),
        ];
        assert_eq!(seen("203.0.113.5", &claims), ("203.0.113.5".into(), false));
        assert_eq!(
            seen("::ffff:10.0.0.1", &claims),
            ("192.0.2.7".into(), true),
            "a mapped address is the address"
        );
    }

    #[test]
    fn the_nearest_hop_that_is_not_trusted_is_the_caller() {
        for (list, caller) in [
            ("192.0.2.7", "192.0.2.7"),
            ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
            ("1.1.1.1, 192.0.2.7, 10.0.0.2,10.0.0.3", "192.0.2.7"),
            ("10.0.0.9, 10.0.0.2", "10.0.0.9"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            // What cannot be read ends the way: beyond it nobody that we trust has spoken.
            ("1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("1.1.1.1, unknown", PROXY),
            ("", PROXY),
        ] {
            assert_eq!(address(&[("x-forwarded-for", list)]), caller, "{list}");
        }
        assert_eq!(address(&[]), PROXY);
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(address(&lines), "192.0.2.7", "several lines are one list");
    }

    #[test]
    fn an_element_of_forwarded_says_the_same() {
        for (list, caller) in [
            ("for=192.0.2.7", ("192.0.2.7", false)),
            ("for=1.1.1.1, For=\"192.0.2.7:80\";proto=https;by=10.0.0.1", ("192.0.2.7", true)),
            ("for=192.0.2.7;proto=https, for=10.0.0.2;proto=http", ("192.0.2.7", true)),
            ("for=\"[2001:db8::7]:80\"", ("2001:db8::7", false)),
            ("for=_hidden", (PROXY, false)),
            ("proto=https", (PROXY, false)),
        ] {
            let (address, https) = seen(PROXY, &[("forwarded", list)]);
            assert_eq!((&*address, https), caller, "{list}");
        }
    }

    #[test]
    fn a_header_that_the_proxy_does_not_keep_gains_its_writer_nothing() {
        let both = |list, element| address(&[("x-forwarded-for", list), ("forwarded", element)]);
        assert_eq!(both("192.0.2.7", "for=1.1.1.1"), PROXY);
        assert_eq!(both("1.1.1.1", "for=192.0.2.7"), PROXY);
        assert_eq!(both("1.1.1.1", "for=_hidden"), PROXY);
        assert_eq!(both("192.0.2.7", "for=192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn https_is_what_the_nearest_proxy_says() {
        for (sent, https) in
            [("https", true), ("HTTPS", true), ("http", false), ("https, http", false), ("http, https", true)]
        {
            assert_eq!(seen(PROXY, &[("x-forwarded-proto", sent)]).1, https, "{sent}");
        }
    }
}
