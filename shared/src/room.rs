//! Room in the memory of a process for what others send.
//!
//! Its one rule: whatever grows large asks once, for all that it may come to, and waits for it with nothing in its hands: two
//! who each hold a part and wait for the rest would wait for ever. What stays small asks for nothing, and of one host's answers one
//! has room at a time, so that those of another find some.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::egress::Sink;

/// What is no longer than this needs no room of its own.
pub const SMALL: usize = 1024 * 1024;
/// Reading takes so many times what is read: measured, 72 MB for 14 MB that are kept of an execution.
const WEIGHT: usize = 5;
/// One that waits longer gives up, to be called again: the host that sends it waits as well.
const PATIENCE: Duration = Duration::from_secs(5);
/// Hosts whose turn is remembered before those that nobody waits for are forgotten.
const REMEMBERED: usize = 256;
/// Semaphores count in 32 bits.
const UNIT: usize = 1024;

/// All the room there is.
pub struct Rooms {
    places: Arc<Semaphore>,
    units: u32,
    turns: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// Room that is taken, until it is dropped.
#[derive(Debug)]
pub struct Room {
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Rooms {
    pub fn of(bytes: usize) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self { places: Arc::new(Semaphore::new(units as usize)), units, turns: Mutex::default() }
    }

    /// Room to read what may come to so many bytes. What is larger than everything has everything to itself. None where there is
    /// none for too long.
    pub async fn take(&self, host: &str, bytes: usize) -> Option<Room> {
        let wanted = u32::try_from(bytes.saturating_mul(WEIGHT) / UNIT).unwrap_or(u32::MAX);
        let wanted = wanted.clamp(1, self.units);
        let taken = async {
            // The turn goes first: who waits for it takes no place away from others.
            let turn = self.turn(host).acquire_owned().await.ok()?;
            let place = self.places.clone().acquire_many_owned(wanted).await.ok()?;
            Some(Room { _turn: turn, _place: place })
        };
        timeout(PATIENCE, taken).await.ok().flatten()
    }

    fn turn(&self, host: &str) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= REMEMBERED {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        turns.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}

/// Bytes that give their room back when nobody has them any more.
pub fn in_room(bytes: Vec<u8>, room: Option<Room>) -> Bytes {
    match room {
        None => bytes.into(),
        Some(room) => Bytes::from_owner(Held { bytes, _room: room }),
    }
}

struct Held {
    bytes: Vec<u8>,
    _room: Room,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What is made of a body while it comes, in memory.
pub trait Gather: Send {
    /// Takes what has come. False when it wants no more.
    fn take(&mut self, bytes: &[u8]) -> bool;
    /// How much it holds.
    fn held(&self) -> usize;
}

impl Gather for Vec<u8> {
    fn take(&mut self, bytes: &[u8]) -> bool {
        self.extend_from_slice(bytes);
        true
    }

    fn held(&self) -> usize {
        self.len()
    }
}

/// Gathers a body, and takes room for it once it is no longer small. Meanwhile the body does not come.
pub struct Roomy<'a, G> {
    pub gathered: G,
    pub room: Option<Room>,
    /// There was no room for it.
    pub crowded: bool,
    rooms: &'a Rooms,
    host: &'a str,
    most: usize,
}

impl<'a, G: Gather> Roomy<'a, G> {
    /// Of a host's answer, of which so many bytes are held at most.
    pub fn new(gathered: G, rooms: &'a Rooms, host: &'a str, most: usize) -> Self {
        Self { gathered, room: None, crowded: false, rooms, host, most }
    }
}

#[async_trait]
impl<G: Gather> Sink for Roomy<'_, G> {
    async fn take(&mut self, bytes: &[u8]) -> bool {
        if self.room.is_none() && self.gathered.held() + bytes.len() > SMALL {
            self.room = self.rooms.take(self.host, self.most).await;
            self.crowded = self.room.is_none();
        }
        !self.crowded && self.gathered.take(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: usize = 1024 * 1024;

    #[tokio::test(start_paused = true)]
    async fn large_ones_wait_for_each_other_and_small_ones_for_nobody() {
        let rooms = Rooms::of(200 * MB);
        let first = rooms.take("a", 16 * MB).await.unwrap();
        let second = rooms.take("b", 16 * MB).await.unwrap();
        assert!(rooms.take("c", 16 * MB).await.is_none(), "three times 80 MB");
        let mut small = Roomy::new(Vec::new(), &rooms, "c", 16 * MB);
        assert!(Sink::take(&mut small, &[0; SMALL]).await && small.room.is_none());
        assert!(!Sink::take(&mut small, &[0]).await && small.crowded);
        drop(first);
        let mut large = Roomy::new(Vec::new(), &rooms, "c", 16 * MB);
        assert!(Sink::take(&mut large, &[0; SMALL + 1]).await && large.room.is_some());
        let bytes = in_room(large.gathered, large.room);
        drop(second);
        let part = bytes.slice(0..10);
        drop(bytes);
        assert!(rooms.take("c", MB).await.is_none(), "somebody still reads a part of it");
        drop(part);
        assert!(rooms.take("c", 1000 * MB).await.is_some(), "all of it, where it is more than there is");
    }

    #[tokio::test(start_paused = true)]
    async fn one_host_has_one_room_and_another_finds_the_rest() {
        let rooms = Rooms::of(100 * MB);
        let held = rooms.take("a", MB).await.unwrap();
        let (again, other) = tokio::join!(rooms.take("a", MB), rooms.take("b", 16 * MB));
        assert!(again.is_none() && other.is_some());
        drop(held);
        assert!(rooms.take("a", MB).await.is_some());
        for host in 0..10_000 {
            rooms.take(&host.to_string(), MB).await.unwrap();
        }
        assert!(rooms.turns.lock().unwrap().len() <= REMEMBERED);
    }
}
