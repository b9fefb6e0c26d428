//! Alerts: when somebody wants to hear of a workflow that is not well, and what is known of how each workflow does.
//!
//! Its one rule: a workflow is told of once, and again only after it was well in between.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::followed_run::{PollStatus, Snapshot};
use crate::{
    clock::{self, Millis},
    ids::{AlertId, InstallationId, Nid},
};

/// Rules of a tenant, at the most.
pub const MAX_RULES: usize = 100;
/// Ended executions that are remembered of a workflow, and so the most that a rule can count.
pub const MAX_EXECUTIONS: u16 = 50;
/// Thirty days.
pub const MAX_MINUTES: u32 = 30 * 24 * 60;
/// A workflow is looked at no more often for its silence or an execution that does not end.
pub const LEAST_MINUTES: u32 = 5;

/// Rules that begin and that cease to hold in one step: what they lead to is written in one transaction, which has room for a
/// hundred writes. More are settled by the next step.
const BEGINNING: usize = 20;
const CEASING: usize = 30;

/// Executions under way that are remembered of a workflow. One of more would not be missed.
const MAX_RUNNING: usize = 20;
/// While a workflow is silent or stuck it is looked at again after as long as it took to be so, within these bounds.
const AGAIN: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(3600));

/// When a workflow is not well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Condition {
    /// So many of the executions in the window failed. It is well again when they did not and the newest did not either.
    Failing { failures: u16, window: Window },
    /// No execution began for so many minutes.
    Silent { minutes: u32 },
    /// An execution has been running for so many minutes. One that waits (for a time, a webhook, a person) is not running.
    Stuck { minutes: u32 },
}

/// The executions that count, by their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    Last(u16),
    Minutes(u32),
}

/// One rule. It is about all workflows, those of an installation, or one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: AlertId,
    pub title: String,
    pub condition: Condition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_id: Option<InstallationId>,
    /// n8n's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    pub created_at: Millis,
    pub changed_at: Millis,
}

/// All rules of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    #[serde(default)]
    pub rules: Vec<Rule>,
    #[serde(default)]
    pub v: u64,
}

impl Rules {
    /// Whether these ask for the same as others, whenever they were changed.
    pub fn says_what(&self, others: &Self) -> bool {
        let asked = |rule: &Rule| Rule { changed_at: Millis(0), ..rule.clone() };
        self.rules.iter().map(asked).eq(others.rules.iter().map(asked))
    }
}

/// What is known of how a workflow does, as far as a rule is about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    pub nid: Nid,
    pub installation_id: InstallationId,
    pub workflow_id: String,
    /// Executions that ended, in the order of their ends.
    #[serde(default)]
    pub ended: Vec<Ended>,
    /// Executions that run as far as is known.
    #[serde(default)]
    pub running: Vec<Running>,
    /// When the newest execution began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Millis>,
    /// The rules that it was told of by and that it has not been well by since.
    #[serde(default)]
    pub firing: Vec<Firing>,
    pub v: u64,
}

/// An execution that ended. One that a person canceled says nothing of how the workflow does and is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub id: String,
    pub at: Millis,
    pub failed: bool,
}

/// An execution that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub id: String,
    pub since: Millis,
}

/// A rule by which the workflow is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    pub rule: AlertId,
    pub since: Millis,
    /// For people.
    pub why: String,
}

/// Which conditions may be found to hold now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// n8n was not asked: what was not heard of may have happened all the same.
    No,
    Yes,
}

impl Condition {
    /// Whether it comes to hold because nothing happens.
    pub fn is_of_time(self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Stuck { .. })
    }

    /// How long nothing must happen.
    fn patience(self) -> Option<Duration> {
        match self {
            Self::Silent { minutes } | Self::Stuck { minutes } => Some(span(minutes)),
            Self::Failing { .. } => None,
        }
    }
}

fn span(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

impl Rule {
    pub fn is_about(&self, installation: InstallationId, workflow_id: &str) -> bool {
        self.installation_id.is_none_or(|id| id == installation)
            && self.workflow_id.as_deref().is_none_or(|id| id == workflow_id)
    }

    /// What is wrong with the workflow, if anything is, for people.
    fn finds(&self, vitals: &Vitals, now: Millis) -> Option<String> {
        match self.condition {
            Condition::Failing { failures, window } => {
                let (counted, failed) = vitals.count(window, now);
                (failed >= usize::from(failures)).then(|| {
                    let newest = vitals.ended.iter().rev().find(|ended| ended.failed);
                    let newest = newest.map_or("", |ended| ended.id.as_str());
                    format!("{failed} of {counted} executions failed, execution {newest} last.")
                })
            }
            Condition::Silent { .. } => {
                let since =
                    self.moment(vitals).filter(|at| *at <= now).and(vitals.last_at.or(Some(self.created_at)));
                since.map(|since| format!("No execution has begun since {}.", clock::iso(since)))
            }
            Condition::Stuck { .. } => {
                self.moment(vitals).filter(|at| *at <= now)?;
                let oldest = vitals.running.iter().min_by_key(|running| running.since)?;
                Some(format!("Execution {} has been running since {}.", oldest.id, clock::iso(oldest.since)))
            }
        }
    }

    /// Whether the workflow, of which somebody was told, is well again.
    fn is_over(&self, vitals: &Vitals, now: Millis) -> bool {
        let failed_last = || vitals.ended.last().is_some_and(|ended| ended.failed);
        let failing = matches!(self.condition, Condition::Failing { .. });
        self.finds(vitals, now).is_none() && !(failing && failed_last())
    }

    /// When the condition holds unless something happens. None where nothing can come of time alone.
    fn moment(&self, vitals: &Vitals) -> Option<Millis> {
        let since = match self.condition {
            Condition::Failing { .. } => None,
            // A workflow of which no execution is known is silent only to a rule that names it.
            Condition::Silent { .. } => vitals.last_at.or(self.workflow_id.as_ref().map(|_| self.created_at)),
            Condition::Stuck { .. } => vitals.running.iter().map(|running| running.since).min(),
        };
        Some(since?.plus(self.condition.patience()?))
    }
}

impl Rules {
    /// The rules that are about a workflow.
    pub fn about(&self, installation: InstallationId, workflow_id: &str) -> Vec<&Rule> {
        self.rules.iter().filter(|rule| rule.is_about(installation, workflow_id)).collect()
    }
}

impl Vitals {
    /// Of a workflow of which nothing is known.
    pub fn new(nid: Nid, installation_id: InstallationId, workflow_id: &str) -> Self {
        Self {
            nid,
            installation_id,
            workflow_id: workflow_id.to_owned(),
            ended: Vec::new(),
            running: Vec::new(),
            last_at: None,
            firing: Vec::new(),
            v: 0,
        }
    }

    /// Takes up what is known of one execution.
    pub fn see(&mut self, seen: &Snapshot) {
        let id = &seen.execution_id;
        // n8n's clock may be ahead of ours.
        let began = seen.started_at.or(seen.stopped_at).unwrap_or(seen.seen_at).min(seen.seen_at);
        self.last_at = self.last_at.max(Some(began));
        self.running.retain(|running| running.id != *id);
        if seen.status.is_complete() {
            if seen.n8n_status != "canceled" {
                let at = seen.stopped_at.unwrap_or(seen.seen_at).min(seen.seen_at);
                self.end(Ended { id: id.clone(), at, failed: seen.status == PollStatus::Error });
            }
        } else if matches!(seen.n8n_status.as_str(), "running" | "new")
            && !self.ended.iter().any(|ended| ended.id == *id)
            && self.running.len() < MAX_RUNNING
        {
            self.running.push(Running { id: id.clone(), since: began });
        }
    }

    /// n8n knows an execution no more.
    pub fn lose(&mut self, id: &str) {
        self.running.retain(|running| running.id != id);
    }

    fn end(&mut self, execution: Ended) {
        if let Some(known) = self.ended.iter_mut().find(|known| known.id == execution.id) {
            // Pushes without a time of their end are taken for ended when they came, at first.
            known.failed = execution.failed;
            return;
        }
        let place = self.ended.partition_point(|known| known.at <= execution.at);
        self.ended.insert(place, execution);
        let old = self.ended.len().saturating_sub(usize::from(MAX_EXECUTIONS));
        self.ended.drain(..old);
    }

    /// Executions in a window, and how many of them failed.
    fn count(&self, window: Window, now: Millis) -> (usize, usize) {
        let newest = self.ended.iter().rev();
        let counted: Vec<_> = match window {
            Window::Last(most) => newest.take(usize::from(most)).collect(),
            Window::Minutes(minutes) => {
                let from = now.minus(span(minutes));
                newest.filter(|ended| ended.at > from).collect()
            }
        };
        (counted.len(), counted.iter().filter(|ended| ended.failed).count())
    }

    /// Whether n8n should be asked before anything is said: by one of the rules nothing has happened for long enough.
    pub fn is_in_question(&self, rules: &[&Rule], now: Millis) -> bool {
        rules.iter().any(|rule| rule.condition.is_of_time() && rule.finds(self, now).is_some())
    }

    /// Settles by which rules the workflow is not well. Returns those that somebody is to be told of now.
    pub fn settle<'a>(&mut self, rules: &[&'a Rule], now: Millis, asked: Asked) -> Vec<(&'a Rule, Firing)> {
        let mut firing = std::mem::take(&mut self.firing);
        let mut ceased = 0;
        firing.retain(|fire| {
            let over = !rules.iter().any(|rule| rule.id == fire.rule && !rule.is_over(self, now));
            ceased += usize::from(over);
            !over || ceased > CEASING
        });
        let mut told = Vec::new();
        for rule in rules.iter().filter(|rule| !firing.iter().any(|fire| fire.rule == rule.id)) {
            let known = asked == Asked::Yes || !rule.condition.is_of_time();
            if let Some(why) = rule.finds(self, now).filter(|_| known) {
                told.push((*rule, Firing { rule: rule.id, since: now, why }));
            }
        }
        told.truncate(BEGINNING);
        self.firing = firing;
        self.firing.extend(told.iter().map(|(_, fire)| fire.clone()));
        told
    }

    /// When it is to be looked at because time has passed.
    pub fn next_look(&self, rules: &[&Rule], now: Millis) -> Option<Millis> {
        let looks = rules.iter().filter_map(|rule| {
            if self.firing.iter().any(|fire| fire.rule == rule.id) {
                return rule.condition.patience().map(|span| now.plus(span.clamp(AGAIN.0, AGAIN.1)));
            }
            rule.moment(self)
        });
        looks.min()
    }
}

#[cfg(test)]
mod tests;
