//! What callers say of the keys that they want.

use shared::{
    domain::{
        api_key::{MAX_NETWORKS, MAX_PER_HOUR, MAX_PER_MINUTE, Terms},
        dialect::Letter,
        reach::MAX_BOUND,
    },
    http::input::{Between, Kept, List, Network, OrDefault, Scope, Text, Word},
    ids::GroupId,
    ops::api_keys::{MAX_DAYS, MAX_OVERLAP, MAX_SCOPES, NewApiKey},
};

shared::input! {
    /// An API key to make. Nothing of it may be wider than what the credential that asks for it has. Other fields are refused, for
    /// one that is misspelt would leave a key that may do more than it was meant to.
    pub closed struct CreateApiKey {
        /// What to call it; `API key` when left out.
        #[example("Production automation")]
        name: Option<Text<100>>,
        /// Days until it ends; left out, it lives as long as the credential that asks for it.
        #[example(365)]
        expires_in: Option<Between<1, MAX_DAYS>>,
        /// What it may do, such as `leads:write`; all that the credential that asks for it may do when left out.
        #[example(["leads:write", "*:read"])]
        scopes: Kept<List<Scope, MAX_SCOPES, 1>>,
        /// The dialect that it speaks on paths which several documents share, whichever header it comes in.
        #[example("c")]
        dialect: Option<Word<Letter>>,
        /// Addresses and networks (CIDR) from which it may be used; from anywhere when left out.
        #[example(["203.0.113.0/24", "2001:db8::/32"])]
        allowed_ips: OrDefault<List<Network, MAX_NETWORKS>>,
        /// Requests in each minute of the clock, of all routes together.
        #[example(60)]
        rate_limit_per_minute: Option<Between<1, MAX_PER_MINUTE>>,
        /// Requests in each hour of the clock, of all routes together.
        #[example(1000)]
        rate_limit_per_hour: Option<Between<1, MAX_PER_HOUR>>,
        /// The client group that what it makes belongs to, unless a request says otherwise.
        group_id: Option<GroupId>,
        /// The client groups that it is bound to: of any other it sees and changes nothing. Those of its user when left out.
        #[example([1])]
        group_ids: Kept<List<GroupId, MAX_BOUND, 1>>,
    }
}

shared::input! {
    /// How a key is rotated.
    pub struct RotateApiKey {
        /// Hours that the old key works on, 24 when left out; with 0 it ends at once.
        #[example(24)]
        pub overlap: Option<Between<0, MAX_OVERLAP>>,
    }
}

impl From<CreateApiKey> for NewApiKey {
    fn from(input: CreateApiKey) -> Self {
        Self {
            name: input.name,
            expires_in: input.expires_in,
            scopes: input.scopes.unwrap_or_default(),
            dialect: input.dialect,
            group_id: input.group_id,
            groups: input.group_ids.unwrap_or_default(),
            terms: Terms {
                allowed_ips: input.allowed_ips,
                rate_limit_per_minute: input.rate_limit_per_minute,
                rate_limit_per_hour: input.rate_limit_per_hour,
            },
        }
    }
}
