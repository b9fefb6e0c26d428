//! Where people have logged in from lately.
//!
//! "Has this name logged in from this network within thirty days?" → one item per name, an attribute for each network.
//! Names and networks are digests, here and in the store.

use std::time::Duration;

use crate::{
    clock::Millis,
    store::{Change, Global, Key, Store, StoreError, Write, attr},
};

/// A network is known for this long after a login from it.
pub const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);
/// Networks of one name; the one that was not used for longest makes room.
pub const MOST: usize = 20;
/// A login from a network that was noted more lately than this is not noted again: a day at work is one write.
const NOTED: Duration = Duration::from_secs(24 * 3600);
const PREFIX: &str = "n_";

/// The networks of one name.
#[derive(Debug)]
pub struct KnownNetworks {
    key: Key,
    /// Attribute and the last login noted.
    seen: Vec<(String, Millis)>,
}

impl KnownNetworks {
    /// One read, whether there is such a user or not.
    pub async fn of(store: &dyn Store, name: &str) -> Result<Self, StoreError> {
        let key = Key::global(Global::KnownNetworks, name);
        let Some(item) = store.get(&key).await? else { return Ok(Self { key, seen: Vec::new() }) };
        let attrs = item.into_attrs()?;
        let seen = attrs.iter().filter(|(attr, _)| attr.starts_with(PREFIX));
        let seen =
            seen.filter_map(|(attr, at)| Some((attr.clone(), Millis(at.as_i64()?.checked_mul(1000)?))));
        Ok(Self { key, seen: seen.collect() })
    }

    pub fn holds(&self, network: &str, now: Millis) -> bool {
        self.last(network).is_some_and(|at| now.since(at) < KEEP)
    }

    /// The write that notes a login; none where one was noted lately.
    pub fn note(&self, network: &str, now: Millis) -> Option<Write> {
        if self.last(network).is_some_and(|at| now.is_within(NOTED, at)) {
            return None;
        }
        let network = attribute(network);
        let mut others: Vec<_> = self.seen.iter().filter(|(attr, _)| *attr != network).collect();
        others.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        let kept = others.iter().take(MOST - 1).filter(|(_, at)| now.since(*at) < KEEP).count();
        let mut changes =
            vec![Change::set(&network, now.seconds()), Change::set(attr::TTL, now.plus(KEEP).seconds())];
        changes.extend(others[kept..].iter().map(|(attr, _)| Change::remove(attr)));
        Some(Write::update(self.key.clone(), changes))
    }

    fn last(&self, network: &str) -> Option<Millis> {
        let network = attribute(network);
        self.seen.iter().find(|(attr, _)| *attr == network).map(|(_, at)| *at)
    }
}

fn attribute(network: &str) -> String {
    format!("{PREFIX}{network}")
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::house::{House, START};

    const DAY: Duration = Duration::from_secs(24 * 3600);

    async fn known(house: &House) -> KnownNetworks {
        KnownNetworks::of(house.store(), "name").await.unwrap()
    }

    async fn note(house: &House, network: &str) {
        if let Some(write) = known(house).await.note(network, house.now()) {
            house.store().write(write).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_network_is_known_for_thirty_days_and_noted_once_a_day() {
        let house = House::new();
        assert!(!known(&house).await.holds("a", START));
        note(&house, "a").await;
        assert!(known(&house).await.holds("a", START) && !known(&house).await.holds("b", START));
        assert!(!KnownNetworks::of(house.store(), "another").await.unwrap().holds("a", START));
        house.advance(DAY - Duration::from_secs(1));
        assert!(known(&house).await.note("a", house.now()).is_none());
        house.advance(Duration::from_secs(1));
        assert!(known(&house).await.note("a", house.now()).is_some());
        let last = Millis(START.plus(KEEP).0 - 1);
        assert!(known(&house).await.holds("a", last) && !known(&house).await.holds("a", START.plus(KEEP)));
        assert!(known(&house).await.holds("a", START.minus(DAY)), "by a clock that was set back");
    }

    #[tokio::test]
    async fn the_item_stays_small_and_vanishes() {
        let house = House::new();
        for n in 0..MOST + 5 {
            note(&house, &n.to_string()).await;
            house.advance(Duration::from_secs(60));
        }
        let all = known(&house).await;
        assert_eq!(all.seen.len(), MOST);
        assert!(!all.holds("4", house.now()) && all.holds("5", house.now()), "the oldest made room");
        house.advance(KEEP - Duration::from_secs(90));
        note(&house, "late").await;
        assert_eq!(known(&house).await.seen.len(), 2, "what is no longer known is dropped");
        let item = house.store().get(&all.key).await.unwrap().unwrap();
        assert_eq!(item.attrs().unwrap()[attr::TTL], house.now().plus(KEEP).seconds());
    }
}
