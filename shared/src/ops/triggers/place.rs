//! The place of a call among those that an organization has waiting for n8n.
//!
//! Its one rule: it is a bulkhead and no limit. Whoever is beyond it is called all the same, and waits less long for the answer;
//! where nobody can be counted, nobody is beyond it.

use std::time::Duration;

use super::CALL;
use crate::{clock::Millis, error::LogFailure, ops::act::Act, repo::triggers_under_way as counter};

/// n8n answers at once that it has started a workflow, unless the workflow answers itself.
const BEYOND: Duration = Duration::from_secs(2);

pub(super) struct Place {
    /// None where nobody counts.
    counted: Option<Millis>,
    pub beyond: bool,
}

impl Place {
    pub async fn take(act: &Act) -> Self {
        let Some(most) = act.app.settings.triggers_at_once else {
            return Self { counted: None, beyond: false };
        };
        let now = act.app.now();
        let all = counter::begin(&*act.app.store, act.tenant, now).await;
        match all.log_failure("the triggers under way could not be counted") {
            Some(all) => Self { counted: Some(now), beyond: all > most },
            None => Self { counted: None, beyond: false },
        }
    }

    /// How long n8n's answer is waited for.
    pub fn patience(&self) -> Duration {
        if self.beyond { BEYOND } else { CALL }
    }

    pub async fn leave(self, act: &Act) {
        if let Some(begun) = self.counted {
            let left = counter::end(&*act.app.store, act.tenant, begun).await;
            left.log_failure("a trigger that has ended is counted for a minute more");
        }
    }
}
