//! Runs: one execution that Baton started or watches, followed to its end.

use std::{cmp::Ordering, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Millis,
    ids::{FollowedRunId, InstallationId, UserId},
};

/// The three words of document 000's poll. It never says "running".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollStatus {
    Waiting,
    Success,
    Error,
}

impl PollStatus {
    pub fn is_complete(self) -> bool {
        self != Self::Waiting
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Success => "success",
            Self::Error => "error",
        }
    }
}

/// What is known of one n8n execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub execution_id: String,
    pub status: PollStatus,
    /// n8n's own word (`crashed`, `canceled`, ...).
    pub n8n_status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The run it belongs to, when Baton triggered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<FollowedRunId>,
    /// When Baton learned it.
    pub seen_at: Millis,
    /// Blob version of the pushed data, when it was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobRef>,
}

/// Where a pushed execution lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobRef {
    pub file: String,
    pub version: String,
}

impl Snapshot {
    /// Whether this one is to replace `known`: a later execution ([`by_age`]), or a later state of the same one. An ended
    /// execution never goes back to waiting.
    pub fn supersedes(&self, known: &Self) -> bool {
        if self.is_same_execution(known) {
            let later = self.stopped_at >= known.stopped_at;
            return if known.status.is_complete() { self.status.is_complete() && later } else { true };
        }
        let ends = || match (self.stopped_at, known.stopped_at) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => Ordering::Equal,
        };
        by_age(&self.age(), &known.age()).then_with(ends).is_ge()
    }

    /// When it began, as far as that is known: one that has only ended began before, and one without any time before it was
    /// seen.
    fn age(&self) -> (Option<Millis>, String) {
        (self.started_at.or(self.stopped_at).or(Some(self.seen_at)), self.execution_id.clone())
    }

    /// Whether both speak of one execution. An n8n that was set up anew gives an id a second time, with another start; what
    /// n8n tells of one start differs by less than [`CLOCK_SKEW`].
    pub fn is_same_execution(&self, other: &Self) -> bool {
        let same_start = match (self.started_at, other.started_at) {
            (Some(one), Some(other)) => one.is_within(CLOCK_SKEW, other),
            _ => true,
        };
        self.execution_id == other.execution_id && same_start
    }
}

/// Which of two executions began earlier. Start times decide, because an n8n that was set up anew counts from 1 again and ids
/// need not be numbers; of the same moment, or where a time is not known, ids that are numbers do.
pub fn by_age(one: &(Option<Millis>, String), other: &(Option<Millis>, String)) -> Ordering {
    let times = match (one.0, other.0) {
        (Some(one), Some(other)) => one.0.cmp(&other.0),
        _ => Ordering::Equal,
    };
    let ids = || match (one.1.parse::<u64>(), other.1.parse::<u64>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => Ordering::Equal,
    };
    times.then_with(ids)
}

/// One followed run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowedRun {
    pub id: FollowedRunId,
    pub installation_id: InstallationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
    /// Host and path of the webhook that was called, without its query; none when the run is only watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    pub triggered_at: Millis,
    /// Only an execution that started after this can be the one, while its id is not known.
    pub after: Millis,
    pub triggered_by: UserId,
    /// n8n's HTTP status to the trigger, once it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_status: Option<u16>,
    pub status: PollStatus,
    /// n8n's own word, once it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n8n_status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default)]
    pub polls: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polled_at: Option<Millis>,
    /// Why the last poll learned nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_error: Option<String>,
    /// When it may go: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    pub v: u64,
}

impl FollowedRun {
    /// Whether what is known of it is so old that somebody who asks is worth another look at n8n.
    pub fn is_stale(&self, now: Millis) -> bool {
        self.polled_at.is_none_or(|at| !now.is_within(FRESH, at))
    }
}

/// So long does a look at n8n answer everybody who asks.
const FRESH: Duration = Duration::from_secs(2);
/// An n8n clock this far behind ours still matches `triggered_after`.
pub const CLOCK_SKEW: Duration = Duration::from_secs(5);
/// A run is followed for this long at the most.
pub const FOLLOW_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// Pause before poll number `polls`: half a second, doubling to five minutes.
pub fn poll_pause(polls: u32) -> Duration {
    Duration::from_millis(500 << polls.min(10)).min(Duration::from_secs(300))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(id: &str, status: PollStatus, stopped: Option<i64>) -> Snapshot {
        Snapshot {
            execution_id: id.into(),
            status,
            n8n_status: status.as_str().into(),
            started_at: Some(Millis(1)),
            stopped_at: stopped.map(Millis),
            error: None,
            run_id: None,
            seen_at: Millis(9),
            blob: None,
        }
    }

    fn begun(id: &str, started: Option<i64>) -> Snapshot {
        Snapshot { started_at: started.map(Millis), ..snapshot(id, PollStatus::Waiting, None) }
    }

    #[test]
    fn of_one_moment_ids_decide_as_integers() {
        let nine = snapshot("9", PollStatus::Success, Some(5));
        let ten = snapshot("10", PollStatus::Waiting, None);
        assert!(ten.supersedes(&nine));
        assert!(!nine.supersedes(&ten));
    }

    #[test]
    fn start_times_decide_which_execution_is_newer() {
        let old = Snapshot {
            started_at: Some(Millis(100_000)),
            ..snapshot("9000", PollStatus::Success, Some(100_500))
        };
        let anew = begun("1", Some(200_000));
        assert!(anew.supersedes(&old), "n8n was set up anew");
        assert!(!old.supersedes(&anew));
        let running = begun("b7f1", Some(200_000));
        let finished = Snapshot {
            started_at: Some(Millis(100_000)),
            ..snapshot("c0de", PollStatus::Success, Some(100_500))
        };
        assert!(running.supersedes(&finished), "ids are no numbers");
        assert!(!finished.supersedes(&running));
        assert!(
            begun("b7f1", Some(1)).supersedes(&begun("c0de", Some(1))),
            "the last word of what cannot be told apart"
        );
        let (one, two) =
            (snapshot("b7f1", PollStatus::Success, Some(5)), snapshot("c0de", PollStatus::Success, Some(6)));
        assert!(two.supersedes(&one) && !one.supersedes(&two), "they ended one after the other");
    }

    #[test]
    fn an_id_that_is_given_again_is_another_execution() {
        let ended = Snapshot {
            started_at: Some(Millis(100_000)),
            ..snapshot("1", PollStatus::Success, Some(100_500))
        };
        assert!(begun("1", Some(900_000)).supersedes(&ended));
        assert!(!begun("1", Some(50_000)).supersedes(&ended));
        assert!(!begun("1", Some(100_003)).supersedes(&ended), "n8n rounds its times");
        assert!(!begun("1", None).supersedes(&ended));
    }

    #[test]
    fn an_execution_without_times_is_as_old_as_its_news() {
        let timeless = |id, seen| Snapshot { seen_at: Millis(seen), ..begun(id, None) };
        let known = begun("5", Some(100));
        assert!(timeless("x", 200).supersedes(&known));
        assert!(!timeless("x", 50).supersedes(&known));
    }

    #[test]
    fn an_ended_execution_never_waits_again() {
        let ended = snapshot("9", PollStatus::Success, Some(5));
        assert!(ended.supersedes(&snapshot("9", PollStatus::Waiting, Some(3))));
        assert!(!snapshot("9", PollStatus::Waiting, Some(3)).supersedes(&ended));
        assert!(
            !snapshot("9", PollStatus::Error, Some(4)).supersedes(&ended),
            "an older push of the same execution"
        );
    }

    #[test]
    fn polls_slow_down_to_five_minutes() {
        assert_eq!(poll_pause(0), Duration::from_millis(500));
        assert_eq!(poll_pause(3), Duration::from_secs(4));
        assert_eq!(poll_pause(40), Duration::from_secs(300));
    }
}
