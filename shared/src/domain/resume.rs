//! How far n8n has been told of a decision: the debt, its attempts and their leases.
//!
//! Its one rule: of two who would tell, one may, and only for as long as its attempt lasts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Deadline, Millis};

/// How far n8n has been told of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    pub state: ResumeState,
    pub attempts: u32,
    /// When the decision was made: the debt is as old as this.
    pub since: Millis,
    /// An attempt is under way, or was when its process died: until this time nobody else may try, and after it the
    /// outcome of that attempt is unknown and is looked up before anything is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_until: Option<Millis>,
    /// An earlier attempt may have reached n8n: nothing is sent before that is looked up.
    #[serde(default)]
    pub sent: bool,
    /// The call of an earlier attempt was not answered and may be in n8n's hands: nothing is sent again before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard_until: Option<Millis>,
    /// n8n's API has shown the execution. When it does not any more, n8n has let it go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shown: bool,
    /// Attempts in a row that never ended, as far as the claims that came after them know.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cut_off: u32,
    /// The attempts before its turn was thought to have come; pauses are counted from there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub eager_from: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Millis>,
    /// When the due index shows it, should the message of the next attempt be lost: then or somewhat later. A claim chooses it so
    /// that the end of its attempt need not move it, as a move costs as much as two writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_after_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
/// Whatever has ended it but n8n itself, the reviewer can send it again by repeating the decision.
pub enum ResumeState {
    /// Owed to n8n.
    Pending,
    /// n8n took it.
    Resumed,
    /// The execution had ended before the decision reached it.
    Finished,
    /// n8n does not know the execution.
    Gone,
    /// The execution has moved on to another Wait; this decision must not reach that one.
    Superseded,
    /// Given up after [`RETRY_FOR`], refused by n8n for good, or perhaps taken and not to be looked up.
    Failed,
}

impl ResumeState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Resumed => "resumed",
            Self::Finished => "finished",
            Self::Gone => "gone",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
        }
    }
}

/// A decision is offered to n8n for this long.
pub const RETRY_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// For how long an attempt has the debt to itself.
pub const ATTEMPT: Duration = Duration::from_secs(30);
/// What is left of it for storing how the attempt ended. Nothing reaches n8n any more then.
const STORING: Duration = Duration::from_secs(4);
/// Attempts in a row that never ended, after which their process is believed to die of them.
const DEADLY: u32 = 2;
/// When an attempt that was never heard of again is looked after. Nothing announces it, so it must lie farther ahead than
/// a tick looks (`repo::due::UNANNOUNCED`).
const RECOVERY: Duration = Duration::from_secs(70);
/// A call without an answer may be in n8n's hands for so long. It is not repeated before.
pub const UNHEARD: Duration = Duration::from_secs(30);
/// A host that does not answer is left alone for no longer (`egress::hosts`).
const SILENT: Duration = Duration::from_secs(10);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

// Whoever looks after an attempt finds its lease over, and a request or worker that holds one has ended.
const _: () = assert!(STORING.as_secs() < ATTEMPT.as_secs() && 2 * ATTEMPT.as_secs() < RECOVERY.as_secs());

impl Resume {
    /// A fresh debt whose first attempt starts at once.
    pub fn owed(now: Millis) -> Self {
        Self {
            state: ResumeState::Pending,
            attempts: 1,
            since: now,
            attempt_until: Some(now.plus(ATTEMPT)),
            sent: false,
            unheard_until: None,
            shown: false,
            cut_off: 0,
            eager_from: 0,
            next_attempt_at: Some(now.plus(RECOVERY)),
            looked_after_at: Some(now.plus(RECOVERY)),
            resumed_at: None,
            last_error: None,
        }
    }

    /// A fresh debt that nobody is at.
    pub fn due(now: Millis) -> Self {
        Self {
            attempts: 0,
            attempt_until: None,
            next_attempt_at: Some(now),
            looked_after_at: None,
            ..Self::owed(now)
        }
    }

    /// Whether another attempt may start.
    pub fn is_due(&self, now: Millis) -> bool {
        self.state == ResumeState::Pending
            && self.attempt_until.is_none_or(|until| until <= now)
            && self.next_attempt_at.is_none_or(|at| at <= now)
    }

    /// Whether another attempt may start ahead of its time, because a person asks.
    pub fn may_hurry(&self, now: Millis) -> bool {
        self.state != ResumeState::Resumed && self.attempt_until.is_none_or(|until| until <= now)
    }

    /// Its turn is thought to have come: it is due, and looked after more often for a while. False when it is not owed, or
    /// somebody is at it.
    pub fn pull(&mut self, now: Millis) -> bool {
        if self.state != ResumeState::Pending || self.attempt_until.is_some() {
            return false;
        }
        self.next_attempt_at = Some(now);
        self.looked_after_at = None;
        self.eager_from = self.attempts;
        true
    }

    /// A person asks for another attempt: what was ended is owed again.
    pub fn hurry(&mut self, now: Millis) {
        if self.state != ResumeState::Pending {
            *self = Self { attempts: self.attempts, ..Self::owed(now) };
            // The person has looked; what may have reached n8n before does not hold this attempt back.
            self.attempt_until = None;
        }
        self.claim(now);
    }

    /// Starts an attempt. One that never ended (its process died) may have reached n8n.
    pub fn claim(&mut self, now: Millis) {
        self.notice_end();
        self.attempts += 1;
        self.attempt_until = Some(now.plus(ATTEMPT));
        self.next_attempt_at = Some(now.plus(RECOVERY));
        self.looked_after_at = Some(now.plus(RECOVERY.max(ATTEMPT + self.pause())));
    }

    /// When the due index shows the debt.
    pub fn due_at(&self) -> Option<Millis> {
        let next = self.next_attempt_at.filter(|_| self.state == ResumeState::Pending)?;
        Some(self.looked_after_at.map_or(next, |at| at.max(next)))
    }

    fn pause(&self) -> Duration {
        pause(self.attempts.saturating_sub(self.eager_from))
    }

    /// When the attempt that is under way was begun.
    pub fn claimed_at(&self) -> Millis {
        self.attempt_until.map_or(Millis(0), |until| until.minus(ATTEMPT))
    }

    /// When the attempt that is under way must have ended.
    pub fn deadline(&self, now: Millis) -> Deadline {
        let lease = self.attempt_until.map_or(Duration::ZERO, |until| until.since(now));
        Deadline::at(now.plus(lease.saturating_sub(STORING)))
    }

    /// Whether another attempt is the same one: it has not ended, and nobody has begun one since.
    pub fn is_same_attempt(&self, other: &Self) -> bool {
        self.state == ResumeState::Pending
            && (self.attempts, self.attempt_until) == (other.attempts, other.attempt_until)
    }

    /// Whether a process may have died of this debt: an attempt never ended.
    pub fn is_suspect(&self) -> bool {
        self.cut_off > 0 || self.attempt_until.is_some()
    }

    /// Puts the debt off where its attempts end the process. Returns until when.
    pub fn put_off_if_deadly(&mut self, now: Millis, pause: impl Fn(u32) -> Duration) -> Option<Millis> {
        if self.attempt_until.is_none() || self.cut_off + 1 < DEADLY {
            return None;
        }
        let until = now.plus(pause(self.cut_off + 1 - DEADLY));
        self.notice_end();
        self.attempt_until = None;
        self.next_attempt_at = Some(until);
        self.looked_after_at = None;
        self.last_error = Some("the process has died of it, more than once: it is put off".into());
        Some(until)
    }

    fn notice_end(&mut self) {
        if self.attempt_until.is_some() {
            self.sent = true;
            self.cut_off = self.cut_off.saturating_add(1);
        }
    }

    /// The attempt failed in a way that may pass. `sent` says that it may have reached n8n all the same, `rest` how long it
    /// is left alone at least.
    pub fn later(&mut self, now: Millis, why: String, sent: bool, rest: Rest) {
        self.attempt_until = None;
        self.cut_off = 0;
        self.sent = sent;
        self.last_error = Some(why);
        if now.since(self.since) >= RETRY_FOR {
            self.state = ResumeState::Failed;
            self.next_attempt_at = None;
            self.looked_after_at = None;
        } else {
            let pause = self.pause();
            if rest == Rest::Unheard {
                self.unheard_until = Some(now.plus(UNHEARD));
            }
            self.next_attempt_at = Some(now.plus(match rest {
                Rest::Usual | Rest::Unheard => pause,
                Rest::AtOnce => Duration::ZERO,
                Rest::NotTried => pause.min(LONGEST_PAUSE.saturating_sub(SILENT)),
            }));
        }
    }

    /// The debt is settled, one way or another.
    pub fn settle(&mut self, state: ResumeState, now: Millis, why: Option<String>) {
        self.state = state;
        self.attempt_until = None;
        self.next_attempt_at = None;
        self.looked_after_at = None;
        self.sent = false;
        self.unheard_until = None;
        self.cut_off = 0;
        self.last_error = why;
        if state == ResumeState::Resumed {
            self.resumed_at = Some(now);
        }
    }
}

/// What follows an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    Usual,
    /// n8n has not answered the decision itself, and may still take it: it is looked after, and not sent again for
    /// [`UNHEARD`].
    Unheard,
    /// Nothing was wrong, but for the time of whoever asked: a worker goes on now.
    AtOnce,
    /// n8n was not called, because others have found it silent a moment ago. When it is back, nobody waits longer than for
    /// an attempt that was made.
    NotTried,
}

/// Pause after attempt number `attempts`: a second, doubling to five minutes.
fn pause(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.saturating_sub(1).min(9)).min(LONGEST_PAUSE)
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_is_tried_for_days_and_then_given_up() {
        let mut resume = Resume::owed(Millis(0));
        assert!(!resume.is_due(Millis(1)), "the first attempt is under way");
        resume.later(Millis(2), "connection refused".into(), false, Rest::Usual);
        assert_eq!(resume.next_attempt_at, Some(Millis(1002)));
        assert!(resume.is_due(Millis(1002)));
        let week = Millis(0).plus(RETRY_FOR);
        resume.claim(week);
        resume.later(week, "connection refused".into(), false, Rest::Usual);
        assert_eq!(resume.state, ResumeState::Failed);
    }

    #[test]
    fn a_debt_that_the_process_dies_of_is_put_off_longer_and_longer_until_an_attempt_ends() {
        let minutes = |times: u32| Duration::from_secs(600 << times);
        let mut resume = Resume::owed(Millis(0));
        let mut now = Millis(70_000);
        assert!(resume.is_suspect(), "its request died");
        assert_eq!(resume.put_off_if_deadly(now, minutes), None, "it may have been another's fault");
        resume.claim(now);
        let mut pauses = Vec::new();
        for _ in 0..3 {
            now = now.plus(RECOVERY);
            let until = resume.put_off_if_deadly(now, minutes).unwrap();
            assert!(!resume.is_due(now) && resume.is_due(until) && resume.is_suspect() && resume.sent);
            pauses.push(until.since(now).as_secs());
            now = until;
            assert_eq!(resume.put_off_if_deadly(now, minutes), None, "it is tried when its time has come");
            resume.claim(now);
        }
        assert_eq!(pauses, [600, 1200, 2400]);
        resume.later(now, "no answer".into(), true, Rest::Usual);
        assert!(!resume.is_suspect());
    }

    #[test]
    fn an_attempt_ends_before_anybody_else_may_begin_one() {
        let mut resume = Resume::owed(Millis(0));
        let first = resume.clone();
        assert!(resume.deadline(Millis(0)).left(Millis(0)) + STORING == ATTEMPT);
        assert!(resume.is_same_attempt(&first));
        let over = Millis(0).plus(ATTEMPT);
        assert!(!resume.may_hurry(Millis(over.0 - 1)) && resume.may_hurry(over) && !resume.is_due(over));
        resume.hurry(over);
        assert!(!resume.is_same_attempt(&first) && !first.is_same_attempt(&resume));
        resume.later(over, "no".into(), false, Rest::Usual);
        assert!(!resume.is_same_attempt(&first), "an attempt that has ended is nobody's");
    }

    #[test]
    fn the_end_of_an_attempt_leaves_the_index_as_the_claim_has_set_it() {
        let mut resume = Resume::due(Millis(0));
        let mut now = Millis(0);
        for attempt in 1..40 {
            resume.claim(now);
            let due = resume.due_at();
            now = now.plus(Duration::from_secs(26));
            resume.later(now, "connection refused".into(), false, Rest::Usual);
            assert_eq!(resume.due_at(), due, "attempt {attempt}");
            let next = resume.next_attempt_at.unwrap();
            assert!(resume.is_due(next) && due.unwrap().since(next) < RECOVERY, "attempt {attempt}");
            now = next;
        }
        resume.settle(ResumeState::Resumed, now, None);
        assert_eq!(resume.due_at(), None);
    }

    #[test]
    fn what_the_release_before_stored_is_read() {
        let stored = serde_json::json!({ "state": "pending", "attempts": 2, "since": 5, "sent": true });
        let resume: Resume = crate::json::from_str(&stored.to_string()).unwrap();
        assert!(resume.sent && !resume.is_suspect());
        assert!(serde_json::to_value(&resume).unwrap().get("cut_off").is_none());
    }
}
