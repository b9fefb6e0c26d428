//! Fields that are networks.

use serde_json::Value;

use super::{Asked, Field, describe};
use crate::{
    domain::api_key,
    http::fields::{Fields, code},
};

/// An address of IPv4.
const FOUR: &str =
    r"((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
/// An address of IPv6, but for those that end like one of IPv4.
const SIX: &str = "([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|([0-9A-Fa-f]{1,4}:){1,7}:|([0-9A-Fa-f]{1,4}:){1,6}:[0-9A-Fa-f]{1,4}\
    |([0-9A-Fa-f]{1,4}:){1,5}(:[0-9A-Fa-f]{1,4}){1,2}|([0-9A-Fa-f]{1,4}:){1,4}(:[0-9A-Fa-f]{1,4}){1,3}\
    |([0-9A-Fa-f]{1,4}:){1,3}(:[0-9A-Fa-f]{1,4}){1,4}|([0-9A-Fa-f]{1,4}:){1,2}(:[0-9A-Fa-f]{1,4}){1,5}\
    |[0-9A-Fa-f]{1,4}:(:[0-9A-Fa-f]{1,4}){1,6}|:((:[0-9A-Fa-f]{1,4}){1,7}|:)";
/// Longest text of one: eight groups with an address of IPv4 at their end, and a prefix.
const MAX_NETWORK: usize = 49;

/// A network such as `203.0.113.0/24`, or an address as the network of itself. What lies behind the prefix is dropped.
pub struct Network;

impl Field for Network {
    type Value = ipnet::IpNet;

    fn read(fields: &mut Fields, name: &str) -> Option<ipnet::IpNet> {
        let text = fields.text(name, MAX_NETWORK)?;
        let network = api_key::network(&text);
        if network.is_none() {
            fields.refuse_as(name, code::FORMAT, "must be an IP address or a network such as 203.0.113.0/24");
        }
        network
    }

    fn schema(asked: Asked) -> Value {
        let pattern = format!("({FOUR})(/(3[0-2]|[12]?[0-9]))?|({SIX})(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?");
        describe::formed(asked, "network", &pattern, MAX_NETWORK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_fits_the_pattern_is_a_network() {
        for text in [
            "0.0.0.0/0",
            "255.249.199.99/32",
            "203.0.113.7/8",
            "1:2:3:4:5:6:7:8/128",
            "1:2:3:4:5:6:7::/119",
            "::",
            "::1/99",
            "::2:3:4:5:6:7:8",
            "1::3:4:5:6:7:8",
            "a:b:c:d:e:f::8/0",
            "1::8",
        ] {
            assert!(api_key::network(text).is_some(), "{text}");
        }
    }
}
