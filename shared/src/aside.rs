//! Reading of large foreign data, aside from the threads that serve requests.
//!
//! Its one rule: what takes a moment holds nobody up. Small bodies are read where they are; large ones on a thread for
//! blocking work, a few at once, and of one tenant one at a time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Semaphore;

use crate::{
    error::{Error, Result},
    tenant::TenantId,
};

/// Up to here a body is read where it is: well under a millisecond, while going aside takes some 20 µs.
const ON_THE_SPOT: usize = 64 * 1024;
/// Read aside at once by one instance. A tenant has one of these at the most.
const AT_ONCE: usize = 4;
/// Tenants whose turn is remembered before those that nobody waits for are forgotten.
const REMEMBERED: usize = 256;

/// The places aside.
pub struct Aside {
    places: Arc<Semaphore>,
    turns: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

impl Default for Aside {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), turns: Mutex::default() }
    }
}

impl Aside {
    /// Does work that grows with `bytes` bytes of a tenant's. A panic of the work is a panic of the caller.
    ///
    /// # Errors
    /// Only when the process is ending.
    pub async fn run<T: Send + 'static>(
        &self,
        tenant: TenantId,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        if bytes <= ON_THE_SPOT {
            return Ok(work());
        }
        // The turn goes first: who waits for it takes no place away from other tenants.
        let turn = self.turn(tenant).acquire_owned().await.map_err(Error::internal)?;
        let place = self.places.clone().acquire_owned().await.map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            // Until the work is done, also when the caller has hung up.
            let _held = (turn, place);
            work()
        });
        done.await.or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(Error::internal(error)),
        })
    }

    fn turn(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= REMEMBERED {
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        }
        turns.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LARGE: usize = ON_THE_SPOT + 1;
    const A: TenantId = TenantId(1);

    #[tokio::test]
    async fn small_work_is_done_on_the_spot_and_large_work_aside() {
        let aside = Aside::default();
        let here = std::thread::current().id();
        let at = |bytes| aside.run(A, bytes, || std::thread::current().id());
        assert_eq!(at(ON_THE_SPOT).await.unwrap(), here);
        assert_ne!(at(LARGE).await.unwrap(), here);
    }

    #[tokio::test]
    async fn a_tenant_with_much_to_read_holds_no_other_up() {
        let aside = Aside::default();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let waits = || {
            let held = held.clone();
            Box::pin(aside.run(A, LARGE, move || held.lock().unwrap().recv().unwrap()))
        };
        let mut of_a: Vec<_> = (0..2 * AT_ONCE).map(|_| waits()).collect();
        for work in &mut of_a {
            assert!(futures::poll!(work).is_pending());
        }
        assert_eq!(aside.places.available_permits(), AT_ONCE - 1);
        for other in 2..10 {
            assert_eq!(aside.run(TenantId(other), LARGE, move || other).await.unwrap(), other);
        }
        for work in of_a {
            release.send(()).unwrap();
            work.await.unwrap();
        }
        assert_eq!(aside.places.available_permits(), AT_ONCE);
    }

    #[tokio::test]
    async fn a_panic_aside_is_the_callers() {
        let aside = Aside::default();
        let work = std::panic::AssertUnwindSafe(aside.run(A, LARGE, || panic!("unreadable")));
        assert!(futures::FutureExt::catch_unwind(work).await.is_err());
        assert_eq!(aside.run(A, LARGE, || 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn tenants_that_wait_for_nothing_are_forgotten() {
        let aside = Aside::default();
        for tenant in 0..10_000 {
            aside.run(TenantId(tenant), LARGE, || ()).await.unwrap();
        }
        assert!(aside.turns.lock().unwrap().len() <= REMEMBERED);
    }
}
