//! Deciding again, because somebody else was quicker.
//!
//! Whoever decides on what is stored and writes the decision under a condition may find that what it was decided on stands
//! there no more. Then it is read and decided again. Its one rule: how often, with what pauses and with which last word is
//! the same wherever that happens.

use std::time::Duration;

use crate::{
    app::App,
    clock::Millis,
    error::{Error, ErrorKind},
    store::StoreError,
};

/// How often something is decided. With each refusal somebody else got through, so this many must want the same item at
/// the same moment before one is sent away.
pub const ATTEMPTS: u32 = 100;

/// No attempt begins this long after the first: a request ends after 30 seconds, and its answer is to be stored.
pub const TIME: Duration = Duration::from_secs(20);

/// The shortest pause when transactions are in each other's way, and how much longer it may be: those that met once are not
/// to meet again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(80));

/// What kept a decision from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// A condition did not hold: somebody else was quicker, and what stands there is to be looked at again.
    Changed,
    /// Others were at the same items, for longer than the engine itself tries. Nothing was written.
    Contention,
    /// Something that another attempt would meet again, or whose effect is not known.
    Other,
}

/// Why a decision was not written.
pub trait Refusable: Into<Error> {
    fn obstacle(&self) -> Obstacle;
}

impl Refusable for StoreError {
    fn obstacle(&self) -> Obstacle {
        match self {
            refused if refused.is_refusal() => Obstacle::Changed,
            Self::Conflict => Obstacle::Contention,
            _ => Obstacle::Other,
        }
    }
}

/// The attempts of one decision.
///
/// ```ignore
/// let mut again = Again::new(app, "the pipeline");
/// loop {
///     let stands = pipelines.load().await?;
///     match store::apply(store, decide(stands)?).await {
///         Ok(()) => return Ok(()),
///         Err(refused) => again.after(refused).await?,
///     }
/// }
/// ```
pub struct Again<'a> {
    app: &'a App,
    /// What is decided on, for the log.
    what: &'static str,
    attempts: u32,
    began: Millis,
}

impl<'a> Again<'a> {
    /// Before the first attempt. `what` is what others may be at, such as `the pipeline`.
    pub fn new(app: &'a App, what: &'static str) -> Self {
        Self { app, what, attempts: 0, began: app.now() }
    }

    /// After an attempt that was not written: returns when the next one is to begin, and the last word where there is to be
    /// none, because of what stood in the way or because it did so too often.
    pub async fn after<R: Refusable>(&mut self, refused: R) -> Result<(), Error> {
        match refused.obstacle() {
            Obstacle::Changed => self.changed(),
            Obstacle::Contention => {
                let another = self.changed();
                if another.is_ok() {
                    self.app.clock.sleep(self.pause()).await;
                }
                another
            }
            Obstacle::Other => Err(refused.into()),
        }
    }

    /// The same after an attempt that saw by itself that somebody else was quicker.
    pub fn changed(&mut self) -> Result<(), Error> {
        self.attempts += 1;
        if self.attempts < ATTEMPTS && self.app.now().since(self.began) < TIME {
            return Ok(());
        }
        tracing::warn!(attempts = self.attempts, "{} was changed by others again and again", self.what);
        Err(Error::unavailable(StoreError::Conflict))
    }

    /// Ids differ where requests do.
    fn pause(&self) -> Duration {
        let (shortest, spread) = PAUSE;
        let spread = u64::try_from(spread.as_millis()).unwrap_or(1);
        shortest + Duration::from_millis(self.app.id::<crate::ids::Id>().get() % spread)
    }
}

/// Whether an error is the last word of [`Again`], or one like it: others were in the way, and nothing was written.
pub fn is_contention(error: &Error) -> bool {
    let cause = error.cause().and_then(|cause| cause.downcast_ref::<StoreError>());
    error.kind == ErrorKind::Unavailable && matches!(cause, Some(StoreError::Conflict))
}

/// Decides until the decision is written. What each attempt learns and the next one needs stays with the caller.
pub async fn decide_again<T, R: Refusable>(
    app: &App,
    what: &'static str,
    mut attempt: impl AsyncFnMut() -> Result<T, R>,
) -> Result<T, Error> {
    let mut again = Again::new(app, what);
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(refused) => again.after(refused).await?,
        }
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::{
        store::{self, Cond, Key, Write, encode},
        tenant::TenantId,
        testing::{Plan, house::House},
    };

    fn key() -> Key {
        Key::of(TenantId(7), "thing", "-")
    }

    /// Adds one to a counter by condition; before each of the first attempts somebody else is quicker, so many times.
    async fn count(house: &House, rivals: u32) -> (Result<(), Error>, u32) {
        let mut attempts = 0;
        let done = decide_again(&house.app, "the thing", async || {
            let stands = house.store().get(&key()).await?;
            let v = stands.map_or(Ok(0), |item| item.decode::<Thing>().map(|thing| thing.v))?;
            attempts += 1;
            if attempts <= rivals {
                put(house, v).await?;
            }
            put(house, v).await
        });
        (done.await, attempts)
    }

    async fn put(house: &House, v: u64) -> Result<(), StoreError> {
        let standing = if v == 0 { Cond::Absent } else { Cond::version(v) };
        let write = Write::put(key(), encode(&Thing { v: v + 1 })?).when(standing).labelled("thing");
        let other = Write::put(Key::of(TenantId(7), "thing", "other"), encode(&Thing { v })?);
        store::apply(house.store(), vec![write, other]).await
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Thing {
        v: u64,
    }

    #[tokio::test]
    async fn it_is_decided_again_on_what_stands_there_then() {
        let house = House::new();
        let (done, attempts) = count(&house, 3).await;
        assert_eq!((done.is_ok(), attempts), (true, 4));
        let stands: Thing = house.store().get(&key()).await.unwrap().unwrap().decode().unwrap();
        assert_eq!(stands.v, 4);
    }

    #[tokio::test]
    async fn whoever_is_overtaken_too_often_hears_to_try_again_later() {
        let house = House::new();
        let (done, attempts) = count(&house, u32::MAX).await;
        let error = done.unwrap_err();
        assert_eq!((error.kind, attempts), (ErrorKind::Unavailable, ATTEMPTS));
        assert!(is_contention(&error) && error.retry_after.is_some(), "{error}");
    }

    #[tokio::test]
    async fn those_who_meet_step_aside() {
        let house = House::new();
        let before = house.now();
        house.faults.set(Plan::Contend(5));
        assert!(count(&house, 0).await.0.is_ok());
        let waited = house.now().since(before);
        assert!(waited >= 5 * PAUSE.0 && waited < 5 * (PAUSE.0 + PAUSE.1), "{waited:?}");
        house.faults.set(Plan::Contend(usize::MAX));
        let (done, attempts) = count(&house, 0).await;
        assert!(is_contention(&done.unwrap_err()));
        assert!(attempts > 1 && house.now().since(before) < TIME + Duration::from_secs(2), "{attempts}");
    }

    #[tokio::test]
    async fn what_another_attempt_would_meet_again_is_the_last_word() {
        let house = House::new();
        let mut attempts = 0;
        let done: Result<(), Error> = decide_again(&house.app, "the thing", async || {
            attempts += 1;
            Err(StoreError::Throttled)
        })
        .await;
        assert_eq!((done.unwrap_err().kind, attempts), (ErrorKind::Unavailable, 1));
    }
}
