//! What kind of address an IP address is. The one rule: only [`Kind::Global`] is the open internet, and whatever is
//! not known to be global is not.
//!
//! Everything in the IANA special-purpose registries is refused, also the few entries marked globally reachable
//! (anycast relays, AS112): none of them is anybody's web server, and some are answered by a machine next door.
//! Sources: <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{Ipv4Net, Ipv6Net};

/// The kind of an IP address, as far as calling it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The open internet: the only kind that is called without an exception.
    Global,
    /// `0.0.0.0`, `::` and the rest of `0.0.0.0/8`. On Linux, dialling these reaches the machine itself.
    Unspecified,
    /// `127.0.0.0/8` and `::1`. On Lambda, port 9001 here is the Runtime API.
    Loopback,
    /// RFC 1918.
    Private,
    /// RFC 6598, carrier-grade NAT; also what overlay networks such as Tailscale hand out.
    Shared,
    /// IPv6 `fc00::/7`.
    UniqueLocal,
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// The deprecated `fec0::/10`.
    SiteLocal,
    /// A cloud's metadata or control service, wherever its provider put it.
    Metadata,
    /// An IPv6 address that carries, or may carry, an IPv4 address: mapped, compatible, translated, NAT64, 6to4, Teredo,
    /// ISATAP. Refused whatever the inner address is, because who unwraps it, and where, is out of our sight.
    Embedding,
    /// Documentation prefixes.
    Documentation,
    /// Benchmarking prefixes.
    Benchmark,
    /// Set aside for protocols: DS-Lite, relays, AS112, discard, ORCHID, segment routing.
    Protocol,
    /// To many machines at once.
    Multicast,
    /// Not handed out to anybody, including limited broadcast.
    Reserved,
}

impl Kind {
    /// Whether an operator's exception may open this kind. Loopback has its own switch; the rest is never opened.
    #[must_use]
    pub fn is_private_network(self) -> bool {
        matches!(self, Self::Private | Self::Shared | Self::UniqueLocal)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "global",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared (carrier-grade NAT)",
            Self::UniqueLocal => "unique-local",
            Self::LinkLocal => "link-local",
            Self::SiteLocal => "site-local",
            Self::Metadata => "cloud metadata",
            Self::Embedding => "IPv4-embedding",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Protocol => "protocol-assigned",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}

/// The kind of `address`.
#[must_use]
pub fn classify(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

const fn v4(start: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(start), prefix)
}

const fn v6(start: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_segments(start), prefix)
}

/// The first match wins, so a metadata address stands before the network that it lies in.
const SPECIAL_V4: &[(Ipv4Net, Kind)] = &[
    (v4([168, 63, 129, 16], 32), Kind::Metadata), // Azure's wire server, in otherwise global space
    (v4([169, 254, 169, 254], 32), Kind::Metadata), // EC2 and nearly everybody else
    (v4([169, 254, 170, 2], 32), Kind::Metadata), // ECS task credentials
    (v4([169, 254, 170, 23], 32), Kind::Metadata), // EKS pod identity
    (v4([100, 100, 100, 200], 32), Kind::Metadata), // Alibaba
    (v4([192, 0, 0, 192], 32), Kind::Metadata),   // Oracle
    (v4([0, 0, 0, 0], 8), Kind::Unspecified),
    (v4([10, 0, 0, 0], 8), Kind::Private),
    (v4([100, 64, 0, 0], 10), Kind::Shared),
    (v4([127, 0, 0, 0], 8), Kind::Loopback),
    (v4([169, 254, 0, 0], 16), Kind::LinkLocal),
    (v4([172, 16, 0, 0], 12), Kind::Private),
    (v4([192, 0, 0, 0], 24), Kind::Protocol),
    (v4([192, 0, 2, 0], 24), Kind::Documentation),
    (v4([192, 31, 196, 0], 24), Kind::Protocol), // AS112
    (v4([192, 52, 193, 0], 24), Kind::Protocol), // AMT relays
    (v4([192, 88, 99, 0], 24), Kind::Protocol),  // 6to4 relays, deprecated by RFC 7526
    (v4([192, 168, 0, 0], 16), Kind::Private),
    (v4([192, 175, 48, 0], 24), Kind::Protocol), // AS112
    (v4([198, 18, 0, 0], 15), Kind::Benchmark),
    (v4([198, 51, 100, 0], 24), Kind::Documentation),
    (v4([203, 0, 113, 0], 24), Kind::Documentation),
    (v4([224, 0, 0, 0], 4), Kind::Multicast),
    (v4([240, 0, 0, 0], 4), Kind::Reserved),
];

/// The first match wins.
const SPECIAL_V6: &[(Ipv6Net, Kind)] = &[
    (v6([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0], 32), Kind::Metadata), // EC2: ::254, EKS: ::23
    (v6([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0], 32), Kind::Metadata), // Google Cloud: ::254
    (v6([0xfd00, 0x0042, 0, 0, 0, 0, 0, 0x0042], 128), Kind::Metadata), // Scaleway
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Kind::Unspecified),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Kind::Loopback),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 8), Kind::Embedding), // compatible, mapped, translated, 64:ff9b::/96, 64:ff9b:1::/48
    (v6([0x0100, 0, 0, 0, 0, 0, 0, 0], 8), Kind::Protocol), // discard-only 100::/64 and 100:0:0:1::/64
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Kind::Embedding), // Teredo
    (v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), Kind::Benchmark),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Kind::Protocol), // IETF assignments, ORCHID
    (v6([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32), Kind::Documentation),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Kind::Embedding), // 6to4
    (v6([0x2620, 0x004f, 0x8000, 0, 0, 0, 0, 0], 48), Kind::Protocol), // AS112
    (v6([0x3ffe, 0, 0, 0, 0, 0, 0, 0], 16), Kind::Reserved),  // 6bone, returned by RFC 3701
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Kind::Documentation),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Kind::Protocol), // SRv6 segment identifiers
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Kind::UniqueLocal),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Kind::LinkLocal),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Kind::SiteLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Kind::Multicast),
];

/// The only block that IANA hands out global unicast addresses from (RFC 4291 §2.4).
const GLOBAL_UNICAST_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

fn classify_v4(address: Ipv4Addr) -> Kind {
    SPECIAL_V4.iter().find(|(net, _)| net.contains(&address)).map_or(Kind::Global, |(_, kind)| *kind)
}

fn classify_v6(address: Ipv6Addr) -> Kind {
    if let Some((_, kind)) = SPECIAL_V6.iter().find(|(net, _)| net.contains(&address)) {
        return *kind;
    }
    if !GLOBAL_UNICAST_V6.contains(&address) {
        return Kind::Reserved;
    }
    if is_isatap(address) { Kind::Embedding } else { Kind::Global }
}

/// RFC 5214 §6.1: the interface identifier is `[02|00]00:5efe` and an IPv4 address, under any prefix. The
/// individual/group bit is ignored too, so that it cannot be used to slip past.
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, high, low, _, _] = address.segments();
    high & !0x0300 == 0 && low == 0x5efe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Kind {
        classify(text.parse().unwrap())
    }

    /// Both edges of each block, and the neighbours outside.
    const EDGES: &[(&str, Kind)] = &[
        ("0.0.0.0", Kind::Unspecified),
        ("0.255.255.255", Kind::Unspecified),
        ("1.0.0.0", Kind::Global),
        ("9.255.255.255", Kind::Global),
        ("10.0.0.0", Kind::Private),
        ("10.255.255.255", Kind::Private),
        ("11.0.0.0", Kind::Global),
        ("100.63.255.255", Kind::Global),
        ("100.64.0.0", Kind::Shared),
        ("100.100.100.199", Kind::Shared),
        ("100.100.100.200", Kind::Metadata),
        ("100.127.255.255", Kind::Shared),
        ("100.128.0.0", Kind::Global),
        ("126.255.255.255", Kind::Global),
        ("127.0.0.0", Kind::Loopback),
        ("127.255.255.255", Kind::Loopback),
        ("128.0.0.0", Kind::Global),
        ("168.63.129.15", Kind::Global),
        ("168.63.129.16", Kind::Metadata),
        ("168.63.129.17", Kind::Global),
        ("169.253.255.255", Kind::Global),
        ("169.254.0.0", Kind::LinkLocal),
        ("169.254.169.254", Kind::Metadata),
        ("169.254.170.2", Kind::Metadata),
        ("169.254.170.23", Kind::Metadata),
        ("169.254.255.255", Kind::LinkLocal),
        ("169.255.0.0", Kind::Global),
        ("172.15.255.255", Kind::Global),
        ("172.16.0.0", Kind::Private),
        ("172.31.255.255", Kind::Private),
        ("172.32.0.0", Kind::Global),
        ("191.255.255.255", Kind::Global),
        ("192.0.0.0", Kind::Protocol),
        ("192.0.0.192", Kind::Metadata),
        ("192.0.0.255", Kind::Protocol),
        ("192.0.1.255", Kind::Global),
        ("192.0.2.0", Kind::Documentation),
        ("192.0.2.255", Kind::Documentation),
        ("192.0.3.0", Kind::Global),
        ("192.31.195.255", Kind::Global),
        ("192.31.196.0", Kind::Protocol),
        ("192.31.197.0", Kind::Global),
        ("192.52.193.255", Kind::Protocol),
        ("192.88.98.255", Kind::Global),
        ("192.88.99.0", Kind::Protocol),
        ("192.88.100.0", Kind::Global),
        ("192.167.255.255", Kind::Global),
        ("192.168.0.0", Kind::Private),
        ("192.168.255.255", Kind::Private),
        ("192.169.0.0", Kind::Global),
        ("192.175.48.0", Kind::Protocol),
        ("198.17.255.255", Kind::Global),
        ("198.18.0.0", Kind::Benchmark),
        ("198.19.255.255", Kind::Benchmark),
        ("198.20.0.0", Kind::Global),
        ("198.51.99.255", Kind::Global),
        ("198.51.100.0", Kind::Documentation),
        ("198.51.101.0", Kind::Global),
        ("203.0.112.255", Kind::Global),
        ("203.0.113.0", Kind::Documentation),
        ("203.0.114.0", Kind::Global),
        ("223.255.255.255", Kind::Global),
        ("224.0.0.0", Kind::Multicast),
        ("239.255.255.255", Kind::Multicast),
        ("240.0.0.0", Kind::Reserved),
        ("255.255.255.255", Kind::Reserved),
        ("::", Kind::Unspecified),
        ("::1", Kind::Loopback),
        ("::2", Kind::Embedding),
        ("::8.8.8.8", Kind::Embedding),
        ("::ffff:8.8.8.8", Kind::Embedding),
        ("::ffff:0:8.8.8.8", Kind::Embedding),
        ("64:ff9b::8.8.8.8", Kind::Embedding),
        ("64:ff9b:1::1", Kind::Embedding),
        ("ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Kind::Embedding),
        ("100::", Kind::Protocol),
        ("100:0:0:1::1", Kind::Protocol),
        ("200::1", Kind::Reserved),
        ("1fff:ffff::1", Kind::Reserved),
        ("2000::1", Kind::Global),
        ("2001::", Kind::Embedding),
        ("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Kind::Embedding),
        ("2001:1::1", Kind::Protocol),
        ("2001:2::1", Kind::Benchmark),
        ("2001:2:1::1", Kind::Protocol),
        ("2001:10::1", Kind::Protocol),
        ("2001:2f:ffff::1", Kind::Protocol),
        ("2001:1ff:ffff::1", Kind::Protocol),
        ("2001:200::1", Kind::Global),
        ("2001:db7:ffff::1", Kind::Global),
        ("2001:db8::", Kind::Documentation),
        ("2001:db9::1", Kind::Global),
        ("2002::", Kind::Embedding),
        ("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Kind::Embedding),
        ("2003::1", Kind::Global),
        ("2001:4860:4860::8888", Kind::Global),
        ("2001:4860::5efe:10.0.0.1", Kind::Embedding),
        ("2001:4860::100:5efe:10.0.0.1", Kind::Embedding),
        ("2001:4860::200:5efe:8.8.8.8", Kind::Embedding),
        ("2001:4860::300:5efe:8.8.8.8", Kind::Embedding),
        ("2001:4860::400:5efe:8.8.8.8", Kind::Global),
        ("2001:4860::5eff:8.8.8.8", Kind::Global),
        ("2620:4f:7fff::1", Kind::Global),
        ("2620:4f:8000::1", Kind::Protocol),
        ("2620:4f:8001::1", Kind::Global),
        ("3ffd::1", Kind::Global),
        ("3ffe::1", Kind::Reserved),
        ("3fff:fff::1", Kind::Documentation),
        ("3fff:1000::1", Kind::Global),
        ("4000::", Kind::Reserved),
        ("5eff::1", Kind::Reserved),
        ("5f00::1", Kind::Protocol),
        ("fbff::1", Kind::Reserved),
        ("fc00::", Kind::UniqueLocal),
        ("fd00:ec2::254", Kind::Metadata),
        ("fd00:ec2::23", Kind::Metadata),
        ("fd00:ec3::254", Kind::UniqueLocal),
        ("fd00:42::42", Kind::Metadata),
        ("fd20:ce::254", Kind::Metadata),
        ("fdff:ffff::1", Kind::UniqueLocal),
        ("fe00::1", Kind::Reserved),
        ("fe80::1", Kind::LinkLocal),
        ("febf:ffff::1", Kind::LinkLocal),
        ("fec0::1", Kind::SiteLocal),
        ("feff:ffff::1", Kind::SiteLocal),
        ("ff00::", Kind::Multicast),
        ("ff0e::1", Kind::Multicast),
    ];

    #[test]
    fn each_block_ends_where_its_registry_entry_ends() {
        for (text, expected) in EDGES {
            assert_eq!(kind(text), *expected, "{text}");
        }
    }

    /// A second opinion on IPv4: whatever the standard library's stable predicates call special is not global here.
    #[test]
    fn nothing_that_std_calls_special_is_global() {
        for high in 0..=u16::MAX {
            for low in [0x0000_u16, 0x0001, 0x00ff, 0x7fff, 0xa9fe, 0xffff] {
                let address = Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
                let special = address.is_private()
                    || address.is_loopback()
                    || address.is_link_local()
                    || address.is_multicast()
                    || address.is_broadcast()
                    || address.is_documentation()
                    || address.is_unspecified();
                assert!(!(special && classify_v4(address) == Kind::Global), "{address}");
            }
        }
    }

    #[test]
    fn only_private_networks_can_be_opened() {
        let open = ["10.0.0.1", "172.20.0.2", "192.168.1.1", "100.64.0.1", "fd12::1"];
        let shut =
            ["127.0.0.1", "169.254.169.254", "169.254.1.1", "fd00:ec2::254", "0.0.0.0", "::ffff:10.0.0.1"];
        assert!(open.iter().all(|a| kind(a).is_private_network()));
        assert!(!shut.iter().any(|a| kind(a).is_private_network()));
    }
}
