//! Health: whether the store answers, and takes something. Asked once in a few seconds, however many callers ask us.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    clock::Moment,
    repo::due::Watermarks,
    store::{Store, StoreError},
};

const BELIEVED: Duration = Duration::from_secs(5);

/// How the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Well,
    /// The store does not answer.
    Unreachable,
    /// It answers, and takes nothing.
    Unwritable,
}

/// What was found lately.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Option<(Health, Moment)>>);

impl Known {
    /// How the store is now, or was a few seconds ago.
    pub(crate) async fn look(&self, store: &dyn Store, now: Moment) -> Health {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((health, since)) = known
            && now.is_within(BELIEVED, since)
        {
            return health;
        }
        let health = match (Watermarks::load(store).await, store.try_writing().await) {
            (Ok(_), Ok(())) => Health::Well,
            (Ok(_), Err(error)) => found(Health::Unwritable, &error),
            (Err(error), _) => found(Health::Unreachable, &error),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((health, now));
        health
    }
}

fn found(health: Health, error: &StoreError) -> Health {
    tracing::error!(%error, ?health, "the service is not well");
    health
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::{Plan, house::House};

    #[tokio::test]
    async fn the_store_is_asked_once_in_five_seconds_by_whichever_clock() {
        let house = House::new();
        assert_eq!(house.app.health().await, Health::Well);
        house.faults.set(Plan::Throttle { percent: 100, seed: 1 });
        house.advance(BELIEVED - Duration::from_millis(1));
        assert_eq!(house.app.health().await, Health::Well);
        house.advance(Duration::from_millis(1));
        assert_eq!(house.app.health().await, Health::Unreachable);
        house.faults.set(Plan::Calm);
        assert_eq!(house.app.health().await, Health::Unreachable);
        house.clock.set_back(Duration::from_secs(3600));
        assert_eq!(house.app.health().await, Health::Well);
    }

    #[tokio::test]
    async fn a_store_that_takes_nothing_is_not_well() {
        let house = House::new();
        house.faults.set(Plan::RefuseWriting);
        assert_eq!(house.app.health().await, Health::Unwritable);
        house.faults.set(Plan::Calm);
        house.advance(BELIEVED);
        assert_eq!(house.app.health().await, Health::Well);
    }
}
