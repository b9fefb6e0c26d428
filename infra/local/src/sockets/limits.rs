//! How much of everything there is, and how long anything may take.
//!
//! Its one rule: whoever keeps to what a client on a bad line can do never meets one of these.

use std::time::Duration;

use shared::domain::file::UPLOADS_FOR;

const MB: usize = 1024 * 1024;
/// Descriptors kept for the store, blobs and the calls of the workers: what they have open at their busiest.
const KEPT: usize = 160;
/// A body that says that it is no longer than this is not counted: there are no more of them than connections.
pub const SMALL_BODY: usize = 16 * 1024;

/// What a body or a reply has in memory that is handed on as it comes: a piece that is filled, one that is written, and what the
/// socket's reader and writer hold.
pub const STREAM: usize = 768 * 1024;

/// The limits of one host. Other numbers are for tests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at once.
    pub connections: usize,
    /// Requests in work that need nothing but this machine. A handful keeps the disk and the processors busy; more of them
    /// only wait for each other.
    pub own: usize,
    /// Requests in work that wait for n8n. They take no more than memory meanwhile.
    pub calling: usize,
    /// A head is complete so long after its first byte, or after the connection was made.
    pub head: Duration,
    /// Bytes of a head.
    pub head_bytes: usize,
    /// A connection that waits for its next request is kept for so long: longer than proxies keep theirs to us.
    pub idle: Duration,
    /// A body that is slower is refused.
    pub body: Pace,
    /// A body is complete so long after its head.
    pub body_time: Duration,
    /// The same for one that its route reads as it comes: a file.
    pub stream_time: Duration,
    /// Bytes of all bodies that are read or worked on.
    pub body_bytes: usize,
    /// A body waits for its room among those for so long, before any of it is read.
    pub body_wait: Duration,
    /// Of a request that is refused, so much more is read and thrown away, so that its refusal arrives.
    pub rest_bytes: usize,
    pub rest_time: Duration,
    /// A reply that is read more slowly is cut off.
    pub reply: Pace,
    /// Bytes of all replies that wait for their clients to read.
    pub reply_bytes: usize,
    /// A reply waits for its room among those for so long.
    pub reply_wait: Duration,
    /// After the wish to stop: until a connection is cut on which nothing, or half a head, has come.
    pub farewell_idle: Duration,
    /// The same for half a body.
    pub farewell_body: Duration,
    /// The same for a request in work and its reply, and for the workers.
    pub farewell: Duration,
}

/// How fast something has to be.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// So long nothing is asked of it.
    pub grace: Duration,
    /// From then on, so many bytes a second on average.
    pub rate: usize,
}

impl Pace {
    /// Whether so many bytes are too few for the time.
    pub fn missed(self, took: Duration, bytes: usize) -> bool {
        let due = took.saturating_sub(self.grace).as_millis() * self.rate as u128 / 1000;
        took > self.grace && (bytes as u128) < due
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            own: 96,
            calling: 768,
            head: Duration::from_secs(10),
            head_bytes: 16 * 1024,
            idle: Duration::from_secs(75),
            body: Pace { grace: Duration::from_secs(5), rate: 1024 },
            body_time: Duration::from_secs(30),
            stream_time: UPLOADS_FOR,
            body_bytes: 128 * MB,
            body_wait: Duration::from_secs(2),
            rest_bytes: 256 * MB,
            rest_time: Duration::from_secs(10),
            reply: Pace { grace: Duration::from_secs(20), rate: 8 * 1024 },
            reply_bytes: 64 * MB,
            reply_wait: Duration::from_secs(10),
            farewell_idle: Duration::from_secs(1),
            farewell_body: Duration::from_secs(3),
            farewell: Duration::from_secs(7),
        }
    }
}

impl Limits {
    /// What a process with so many descriptors can keep.
    #[must_use]
    pub fn within(self, descriptors: usize) -> Self {
        let usable = descriptors - KEPT.min(descriptors / 2);
        let calling = self.calling.min(usable / 4);
        Self { calling, connections: self.connections.min(usable - calling), ..self }
    }

    /// Room for at least four bodies of the size that the settings allow.
    #[must_use]
    pub fn for_bodies_of(self, bytes: usize) -> Self {
        let needed = bytes.saturating_mul(4).saturating_add(self.small_bodies());
        Self { body_bytes: self.body_bytes.max(needed), ..self }
    }

    /// What is left for the bodies that are counted.
    pub fn counted_bodies(&self) -> usize {
        self.body_bytes - self.small_bodies().min(self.body_bytes / 2)
    }

    fn small_bodies(&self) -> usize {
        self.connections * SMALL_BODY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_fits_into_the_descriptors() {
        for descriptors in [8, 64, 256, 1024, 20_000, 1 << 20] {
            let limits = Limits::default().within(descriptors);
            let promised = limits.connections + limits.calling;
            assert!(promised + KEPT.min(descriptors / 2) <= descriptors, "{descriptors}: {limits:?}");
            assert!(limits.connections > 0 && limits.calling > 0, "{descriptors}");
        }
        let plenty = Limits::default().within(20_000);
        assert_eq!((plenty.connections, plenty.calling), (4096, 768));
    }

    #[test]
    fn a_pace_asks_for_nothing_first_and_for_its_rate_then() {
        let pace = Pace { grace: Duration::from_secs(5), rate: 1024 };
        let missed = |seconds, bytes| pace.missed(Duration::from_secs(seconds), bytes);
        assert!(!missed(0, 0) && !missed(5, 0));
        assert!(missed(6, 1023) && !missed(6, 1024));
        assert!(missed(15, 10_239) && !missed(15, 10_240));
    }

    #[test]
    fn a_larger_body_of_the_settings_finds_room() {
        assert_eq!(Limits::default().for_bodies_of(6 * MB).body_bytes, 128 * MB);
        let large = Limits::default().for_bodies_of(100 * MB);
        assert_eq!((large.counted_bodies(), large.body_bytes), (400 * MB, 464 * MB));
    }
}
