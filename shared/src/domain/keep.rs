//! How long what only grows is kept. Its one rule: the end is written into the item with the item, and whoever changes the item
//! keeps it: a setting that changes is about what is stored from then on.

use std::time::Duration;

use crate::clock::Millis;

/// For each kind of thing, for how long; none for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Records of token usage. Their sums stay.
    pub usage: Option<Duration>,
    pub runs: Option<Duration>,
    /// Pushed executions; the newest of each workflow stays with the workflow.
    pub pushes: Option<Duration>,
    /// That a lead was deleted, and by whom.
    pub deleted_leads: Option<Duration>,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Default for Keep {
    fn default() -> Self {
        Self {
            usage: Some(400 * DAY),
            runs: Some(90 * DAY),
            // Their bodies are forgotten 36 days after the next push, in AWS.
            pushes: Some(30 * DAY),
            deleted_leads: Some(30 * DAY),
        }
    }
}

/// So many days; none for ever.
pub fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| days * DAY)
}

/// The `ttl` of what is stored now.
pub fn until(now: Millis, kept: Option<Duration>) -> Option<i64> {
    kept.map(|kept| now.plus(kept).seconds())
}
