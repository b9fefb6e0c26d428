//! Failed logins, counted by name, by name and address, and by address; where a name has logged in from lately, by that pair
//! alone.
//!
//! Its one rule: an attempt is counted before the password is looked at and taken back when it was right. So the limits
//! hold however many attempts come at once, and whoever succeeds is never held up by his own successes. What others do
//! elsewhere, or under other names, never closes the door to somebody at home.

use std::{net::IpAddr, sync::Arc};

use futures::future::join_all;
use sha2::{Digest, Sha256};

use super::Accounts;
use crate::{
    clock::{Millis, Moment},
    domain::api_key::hex,
    error::{Error, ErrorKind, Result},
    recent::Recent,
    repo::known_networks::KnownNetworks,
    store::{Change, Cond, Global, Item, Key, Refusal, StoreError, Write, attr},
};

/// Fixed windows of a quarter of an hour.
const WINDOW: i64 = 15 * 60;
/// Failures in a window under one name from one address.
const PER_PAIR: i64 = 10;
/// Failures in a window under one name, from wherever. Higher, because it also locks the owner out.
const PER_NAME: i64 = 50;
/// Failures in a window from one address, under whatever names.
const PER_ADDRESS: i64 = 100;
/// Failures in a window under one name from a network it has logged in from within thirty days, counted apart from all of the
/// above. As many as under a name from wherever: whoever shares that network guesses no faster than the whole world may.
const PER_KNOWN: i64 = 50;
/// Requests for another password in a window under one name: each is seen by people.
const PER_REQUEST: i64 = 5;
const ALL: &str = "all";

/// Counts that were found full, by item and name: until their window ends, nobody needs to ask again.
pub(crate) type Refusals = Recent<(Key, String), ()>;

/// An attempt that counts as failed until it is forgiven.
#[must_use]
pub(super) struct Attempt {
    counted: Vec<(Key, Vec<Change>)>,
    /// Where it came from, and from where that name has come lately; none where no name was logged in with.
    from: Option<(String, KnownNetworks)>,
}

/// One item of counts: its key, and which of its counts may reach what.
struct Counter {
    key: Key,
    counts: Vec<(String, i64)>,
}

/// The window of a moment: what its counters are called, and when it ends.
struct Window {
    moment: Moment,
    number: i64,
}

impl Window {
    fn of(accounts: &Accounts<'_>) -> Self {
        let moment = accounts.moment();
        Self { moment, number: moment.now.seconds().div_euclid(WINDOW) }
    }

    fn counter(&self, kind: &str, value: &str, counts: Vec<(String, i64)>) -> Counter {
        let id = format!("{}#{}", digest(&format!("{kind}:{value}")), self.number);
        Counter { key: Key::global(Global::LoginFailures, &id), counts }
    }

    /// Counts in all of them, or refuses; what takes it back.
    async fn take(&self, accounts: &Accounts<'_>, all: Vec<Counter>) -> Result<Vec<(Key, Vec<Change>)>> {
        let ends = Millis((self.number + 1) * WINDOW * 1000);
        for counter in &all {
            counter.take(accounts, self.moment, ends).await?;
        }
        let counted = all.into_iter().map(|counter| {
            let back = counter.counts.iter().map(|(count, _)| Change::add(count, -1)).collect();
            (counter.key, back)
        });
        Ok(counted.collect())
    }
}

/// Counts an attempt, or refuses it. One read, and two writes or one; no write where this instance knows that the limit is
/// reached.
pub(super) async fn count(accounts: &Accounts<'_>, name: &str, address: Option<IpAddr>) -> Result<Attempt> {
    let window = Window::of(accounts);
    let address = address.map_or_else(|| "unknown".to_owned(), network);
    let network = digest(&address)[..16].to_owned();
    let known = KnownNetworks::of(accounts.store, &digest(&format!("name:{name}"))).await?;
    let counters = if known.holds(&network, window.moment.now) {
        vec![window.counter("known", &format!("{address} {name}"), vec![(ALL.into(), PER_KNOWN)])]
    } else {
        let pair = format!("from_{network}");
        // The address first: whom it has locked out cannot lock a name as well.
        vec![
            window.counter("address", &address, vec![(ALL.into(), PER_ADDRESS)]),
            window.counter("name", name, vec![(ALL.into(), PER_NAME), (pair, PER_PAIR)]),
        ]
    };
    let counted = window.take(accounts, counters).await?;
    Ok(Attempt { counted, from: Some((network, known)) })
}

/// Counts an attempt with a ticket, by its address alone: nobody guesses 178 bits, and who cannot guess is to lock nobody out.
pub(super) async fn count_ticket(accounts: &Accounts<'_>, address: Option<IpAddr>) -> Result<Attempt> {
    let window = Window::of(accounts);
    let address = address.map_or_else(|| "unknown".to_owned(), network);
    let counters = vec![window.counter("address", &address, vec![(ALL.into(), PER_ADDRESS)])];
    Ok(Attempt { counted: window.take(accounts, counters).await?, from: None })
}

/// Counts a request for another password, by its address and by the name that it is for, apart from this name's logins.
pub(super) async fn count_request(
    accounts: &Accounts<'_>,
    name: &str,
    address: Option<IpAddr>,
) -> Result<()> {
    let window = Window::of(accounts);
    let address = address.map_or_else(|| "unknown".to_owned(), network);
    let counters = vec![
        window.counter("address", &address, vec![(ALL.into(), PER_ADDRESS)]),
        window.counter("request", name, vec![(ALL.into(), PER_REQUEST)]),
    ];
    window.take(accounts, counters).await.map(|_| ())
}

impl Counter {
    async fn take(&self, accounts: &Accounts<'_>, moment: Moment, ends: Millis) -> Result<()> {
        let now = moment.now;
        let place = |count: &str| (self.key.clone(), count.to_owned());
        let full = self
            .counts
            .iter()
            .find(|(count, _)| accounts.known.refusals.get(&place(count), moment).is_some());
        if let Some((_, most)) = full {
            return Err(refusal(*most, now, ends));
        }
        let mut changes = vec![Change::set(attr::TTL, ends.seconds() + WINDOW)];
        changes.extend(self.counts.iter().map(|(count, _)| Change::add(count, 1)));
        let room = self
            .counts
            .iter()
            .map(|(count, most)| Cond::Any(vec![Cond::missing(count), Cond::lt(count, *most)]));
        let write = Write::update(self.key.clone(), changes).when(Cond::All(room.collect()));
        match accounts.store.write(write).await {
            Ok(_) => Ok(()),
            Err(StoreError::ConditionFailed(Refusal { current, .. })) => {
                let counts = current.map(Item::into_attrs).transpose()?.unwrap_or_default();
                let reached = |count: &str| counts.get(count).and_then(serde_json::Value::as_i64);
                let mut limit = i64::MAX;
                for (count, most) in self.counts.iter().filter(|(count, most)| reached(count) >= Some(*most))
                {
                    accounts.known.refusals.put(place(count), Arc::new(()), moment, ends.since(now));
                    limit = limit.min(*most);
                }
                Err(refusal(limit, now, ends))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Attempt {
    /// Takes the count back: the password was right.
    pub(super) async fn forgive(&self, accounts: &Accounts<'_>) -> Result<()> {
        let writes = self.counted.iter().map(|(key, changes)| {
            accounts.store.write(Write::update(key.clone(), changes.clone()).when(Cond::Exists))
        });
        for written in join_all(writes).await {
            written?;
        }
        Ok(())
    }

    /// Remembers that somebody is at home here: it was a login, and its password was right.
    pub(super) async fn remember(&self, accounts: &Accounts<'_>) -> Result<()> {
        let Some((network, known)) = &self.from else { return Ok(()) };
        if let Some(write) = known.note(network, accounts.now()) {
            accounts.store.write(write).await?;
        }
        Ok(())
    }
}

/// The refusal of an attempt where `most` have failed in the window.
fn refusal(most: i64, now: Millis, ends: Millis) -> Error {
    let wait = ends.since(now);
    let message = format!("Too many failed logins. Wait {} minutes.", wait.as_millis().div_ceil(60_000));
    Error::new(ErrorKind::RateLimited, "too_many_failures", message)
        .retry_after(wait)
        .used_up(u32::try_from(most).unwrap_or(u32::MAX), ends.seconds())
}

/// What belongs to one subscriber: an IPv4 address, or the 64 leading bits of an IPv6 one, whose owner has all the rest.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// Names and addresses of people are not kept in clear.
fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subscriber_count_together() {
        for (one, other, together) in [
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ] {
            let (a, b) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(network(a) == network(b), together, "{one} {other}");
        }
    }
}
