//! What the owner of a key has laid down for its use.
//!
//! Its one rule: terms only narrow. Nothing here lets a key do what its scopes do not, and a key that is made by another key
//! has no wider terms than that one.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// Networks that one key may be bound to. With them the record of a key stays below 4 KB, which is what one read costs.
pub const MAX_NETWORKS: usize = 50;
/// The highest limits that can be laid down: beyond them a limit says nothing, since a deployment lets fewer requests through.
pub const MAX_PER_MINUTE: u32 = 1_000_000;
/// The same by the hour.
pub const MAX_PER_HOUR: u32 = 10_000_000;

/// Conditions under which a key works, beside its scopes and its life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The networks from which it may be used; from anywhere when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<IpNet>,
    /// Requests to all routes together in each minute of the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_minute: Option<u32>,
    /// Requests to all routes together in each hour of the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_per_hour: Option<u32>,
}

/// A term that is wider than the one it has to stay within.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooWide {
    /// The field's name.
    pub field: &'static str,
    /// Its place, where the field is a list.
    pub at: Option<usize>,
    pub problem: String,
}

impl Terms {
    /// Whether there are none.
    pub fn is_free(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a request from this address may use the key. Where nobody knows the address, only one that is bound to no
    /// network may be used.
    pub fn admits(&self, from: Option<IpAddr>) -> bool {
        self.allowed_ips.is_empty()
            || from.is_some_and(|from| {
                let from = from.to_canonical();
                self.allowed_ips.iter().any(|network| network.contains(&from))
            })
    }

    /// The terms of a key that is made by one with the terms `outer`: what is left open is taken from there.
    ///
    /// # Errors
    /// Everything in which these terms are wider.
    pub fn within(mut self, outer: &Self) -> Result<Self, Vec<TooWide>> {
        let mut wide = Vec::new();
        if self.allowed_ips.is_empty() {
            self.allowed_ips.clone_from(&outer.allowed_ips);
        } else if !outer.allowed_ips.is_empty() {
            let outside = |network: &IpNet| !outer.allowed_ips.iter().any(|outer| outer.contains(network));
            let strays = self.allowed_ips.iter().enumerate().filter(|(_, network)| outside(network));
            wide.extend(strays.map(|(at, network)| TooWide {
                field: "allowed_ips",
                at: Some(at),
                problem: format!("{network} lies outside the networks of the key that asks for it"),
            }));
        }
        for (field, inner, outer) in [
            ("rate_limit_per_minute", &mut self.rate_limit_per_minute, outer.rate_limit_per_minute),
            ("rate_limit_per_hour", &mut self.rate_limit_per_hour, outer.rate_limit_per_hour),
        ] {
            match (*inner, outer) {
                (Some(wished), Some(most)) if wished > most => wide.push(TooWide {
                    field,
                    at: None,
                    problem: format!("must be at most {most}, the limit of the key that asks for it"),
                }),
                (wished, most) => *inner = wished.or(most),
            }
        }
        if wide.is_empty() { Ok(self) } else { Err(wide) }
    }
}

/// Reads a network, or an address as the network of itself. What lies behind the prefix is dropped, and IPv4 in the clothes of
/// IPv6 is IPv4, as callers' addresses are.
pub fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network: IpNet = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    let network = match network {
        IpNet::V6(six) => match (six.addr().to_ipv4_mapped(), six.prefix_len().checked_sub(96)) {
            (Some(four), Some(prefix)) => Ipv4Net::new(four, prefix).ok()?.into(),
            _ => network,
        },
        IpNet::V4(_) => network,
    };
    Some(network.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(list: &[&str]) -> Vec<IpNet> {
        list.iter().map(|text| network(text).unwrap()).collect()
    }

    fn bound(list: &[&str]) -> Terms {
        Terms { allowed_ips: nets(list), ..Terms::default() }
    }

    #[test]
    fn networks_read_as_people_write_them() {
        for (text, read) in [
            ("203.0.113.0/24", Some("203.0.113.0/24")),
            (" 203.0.113.77/24 ", Some("203.0.113.0/24")),
            ("203.0.113.7", Some("203.0.113.7/32")),
            ("2001:db8::1/32", Some("2001:db8::/32")),
            ("2001:db8::7", Some("2001:db8::7/128")),
            ("::ffff:10.1.2.3/104", Some("10.0.0.0/8")),
            ("::ffff:10.1.2.3", Some("10.1.2.3/32")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("203.0.113.0/33", None),
            ("203.0.113.0/", None),
            ("203.0.113/24", None),
            ("example.com", None),
            ("", None),
        ] {
            assert_eq!(network(text).map(|network| network.to_string()).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn a_key_without_networks_is_used_from_anywhere_and_one_with_them_from_there() {
        let from = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert!(Terms::default().admits(None) && Terms::default().admits(from("198.51.100.1")));
        let terms = bound(&["203.0.113.0/24", "2001:db8::/32"]);
        for (address, admitted) in [
            (from("203.0.113.255"), true),
            (from("203.0.114.0"), false),
            (from("2001:db8:ffff::1"), true),
            (from("2001:db9::1"), false),
            (from("::ffff:203.0.113.7"), true),
            (None, false),
        ] {
            assert_eq!(terms.admits(address), admitted, "{address:?}");
        }
    }

    #[test]
    fn the_terms_of_a_key_that_a_key_makes_are_no_wider() {
        let outer = Terms {
            rate_limit_per_minute: Some(60),
            rate_limit_per_hour: Some(1_000),
            ..bound(&["10.0.0.0/8", "192.0.2.1"])
        };
        assert_eq!(Terms::default().within(&outer), Ok(outer.clone()), "what is left open is inherited");
        let narrow = Terms { rate_limit_per_minute: Some(60), ..bound(&["10.1.0.0/16"]) };
        assert_eq!(
            narrow.clone().within(&outer),
            Ok(Terms { rate_limit_per_hour: Some(1_000), ..narrow.clone() })
        );
        assert_eq!(narrow.clone().within(&Terms::default()), Ok(narrow));

        let wide = Terms {
            rate_limit_per_minute: Some(61),
            rate_limit_per_hour: Some(1_001),
            ..bound(&["10.1.0.0/16", "10.0.0.0/7", "192.0.2.0/31"])
        };
        let named: Vec<_> =
            wide.within(&outer).unwrap_err().into_iter().map(|wide| (wide.field, wide.at)).collect();
        let networks = [("allowed_ips", Some(1)), ("allowed_ips", Some(2))];
        assert_eq!(named[..2], networks);
        assert_eq!(named[2..], [("rate_limit_per_minute", None), ("rate_limit_per_hour", None)]);
    }

    #[test]
    fn terms_are_stored_as_what_there_is_of_them() {
        let read = |terms: &Terms| serde_json::to_value(terms).unwrap();
        assert_eq!(read(&Terms::default()), serde_json::json!({}));
        let bound = bound(&["10.0.0.0/8"]);
        assert_eq!(read(&bound), serde_json::json!({ "allowed_ips": ["10.0.0.0/8"] }));
        assert_eq!(Terms::deserialize(read(&bound)).unwrap(), bound);
    }
}
