//! Whom something is counted for.
//!
//! Its one rule: until it is known whose the request is, it is the address's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use shared::tenant::TenantId;

/// One who has a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// An address; of IPv6 the /64, which is what a single customer has.
    Peer(IpAddr),
    Tenant(TenantId),
}

impl Who {
    /// Whoever is at this address.
    pub fn at(address: IpAddr) -> Self {
        Self::Peer(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }

    /// Whoever is at an address that nobody told.
    pub fn unknown() -> Self {
        Self::Peer(Ipv4Addr::UNSPECIFIED.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_customer_is_one_peer() {
        let at = |text: &str| Who::at(text.parse().unwrap());
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }
}
