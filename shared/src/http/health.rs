//! Health: whether the store answers. Asked once in a few seconds, however many callers ask us.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{app::App, clock::Millis, repo::due::Watermarks};

const BELIEVED: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct HealthCache(Mutex<Option<(bool, Millis)>>);

impl App {
    /// Whether the store answers.
    pub async fn healthy(&self) -> bool {
        let now = self.now();
        let known = *self.health.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((healthy, until)) = known
            && now < until
        {
            return healthy;
        }
        let healthy = match Watermarks::load(&*self.store).await {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(%error, "the store does not answer");
                false
            }
        };
        *self.health.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((healthy, now.plus(BELIEVED)));
        healthy
    }
}
