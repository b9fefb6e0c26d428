//! Which run a record of usage is of.
//!
//! Its one rule: a workflow's id and an execution's number name no run. Every n8n counts from 1, and workflow ids survive
//! export and import; so the installation counts too, and the start of the execution where n8n was set up anew.

use std::time::Duration;

use super::usage::{Source, Usage};
use crate::{
    clock::Millis,
    ids::{GroupId, InstallationId, UsageId},
};

/// Starts that are told with another precision are still the same.
const SAME: Duration = Duration::from_secs(60);
/// A post comes after the start of its execution; n8n's clock, or its time zone, may be wrong by so much.
const SKEW: Duration = Duration::from_secs(24 * 3600);

/// Whether two starts can be those of one execution. One that is not told can be any.
pub fn same_start(one: Option<Millis>, two: Option<Millis>) -> bool {
    match (one, two) {
        (Some(one), Some(two)) => one.is_within(SAME, two),
        _ => true,
    }
}

/// Whether two pushed records are of one run.
pub fn same_run(one: &Usage, two: &Usage) -> bool {
    one.installation_id == two.installation_id && same_start(one.started_at, two.started_at)
}

/// The runs that pushes are known of, among records of one workflow id and execution number.
#[derive(Debug, Default)]
pub struct PushedRuns(Vec<PushedRun>);

#[derive(Debug)]
struct PushedRun {
    installation: Option<InstallationId>,
    group: Option<GroupId>,
    started: Option<Millis>,
    /// The oldest of its records.
    first: UsageId,
}

impl PushedRuns {
    pub fn of(records: &[Usage]) -> Self {
        let mut runs = Self::default();
        for usage in records.iter().filter(|usage| usage.source == Source::Pushed) {
            match runs.pushed(usage).and_then(|at| runs.0.get_mut(at)) {
                Some(run) => {
                    run.started = run.started.or(usage.started_at);
                    run.first = run.first.min(usage.id);
                }
                None => runs.0.push(PushedRun {
                    installation: usage.installation_id,
                    group: usage.group_id,
                    started: usage.started_at,
                    first: usage.id,
                }),
            }
        }
        runs
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of the run that a record is of; none for a post of a run that was not pushed.
    pub fn run(&self, usage: &Usage) -> Option<usize> {
        match usage.source {
            Source::Pushed => self.pushed(usage),
            Source::Posted => self.posted(usage),
        }
    }

    fn pushed(&self, usage: &Usage) -> Option<usize> {
        self.0.iter().position(|run| {
            run.installation == usage.installation_id && same_start(run.started, usage.started_at)
        })
    }

    /// Of the runs of its installation the one that began last before it came. A post that names no installation is of the
    /// one that pushed first: it stays with that one when another pushes too. Where it is of a client group, because who posted it is
    /// bound to it, it is of none of another's.
    fn posted(&self, usage: &Usage) -> Option<usize> {
        let installation = match usage.installation_id {
            Some(named) => Some(named),
            None => {
                let known =
                    self.0.iter().filter(|run| usage.group_id.is_none() || run.group == usage.group_id);
                known.min_by_key(|run| run.first)?.installation
            }
        };
        let theirs = || self.0.iter().enumerate().filter(|(_, run)| run.installation == installation);
        let came = usage.recorded_at;
        let began = theirs().filter(|(_, run)| run.started.is_none_or(|started| started <= came));
        let begins = || {
            let soon = theirs().filter(|(_, run)| run.started.is_some_and(|at| at <= came.plus(SKEW)));
            soon.min_by_key(|(_, run)| run.started)
        };
        began.max_by_key(|(_, run)| run.started).or_else(begins).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_the_same_within_a_minute_or_where_one_is_not_told() {
        let at = |at: i64| Some(Millis(at));
        assert!(same_start(at(1_000_000), at(1_059_000)) && same_start(at(1_059_000), at(1_000_000)));
        assert!(!same_start(at(1_000_000), at(1_100_000)) && !same_start(at(1_100_000), at(1_000_000)));
        assert!(same_start(None, at(1)) && same_start(at(1), None) && same_start(None, None));
    }
}
