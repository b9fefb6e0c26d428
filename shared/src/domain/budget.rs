//! Budgets: how much may be spent in a day or a month, and who has been told how much was.
//!
//! Its one rule: what a threshold led to is remembered with the budget, in the write that tells of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{names::names, reach::Reach};
use crate::{
    clock::{self, Millis},
    ids::{BudgetId, GroupId},
};

/// Budgets of a tenant, at the most.
pub const MAX_BUDGETS: usize = 100;
/// Percentages at which somebody is told, unless the budget says otherwise.
pub const THRESHOLDS: [u16; 3] = [50, 80, 100];
/// Largest amount: a million dollars.
pub const MAX_PICO: i64 = 1_000_000_000_000_000_000;

names! {
    /// The window in which the spending of a budget is summed up, by UTC days.
    pub enum Period {
        Day = "day",
        Month = "month",
    }
}

/// Whose spending counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Scope {
    Organization,
    /// What the installations of a client group used.
    Group(GroupId),
    /// n8n's id of a workflow.
    Workflow(String),
}

/// One budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    pub id: BudgetId,
    pub title: String,
    pub scope: Scope,
    pub period: Period,
    pub pico: i64,
    /// Percentages, rising.
    pub thresholds: Vec<u16>,
    /// The client group that its notifications belong to.
    pub group_id: GroupId,
    pub created_at: Millis,
    pub changed_at: Millis,
    /// What was told, of the newest windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Told>,
}

impl Budget {
    /// Whether it is there for whoever reaches so far: what it shows is what its scope spent.
    pub fn shows(&self, reach: &Reach) -> bool {
        let spending = match &self.scope {
            Scope::Organization => reach.is_all(),
            Scope::Group(group) => reach.covers(*group),
            // Other groups' instances may have a workflow of this id too.
            Scope::Workflow(_) => reach.is_all(),
        };
        spending && reach.covers(self.group_id)
    }
}

/// The thresholds of one window that somebody was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub window: String,
    pub thresholds: Vec<u16>,
}

/// A day or a month, up to a moment in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// `2026-11-30` or `2026-11`.
    pub name: String,
    pub from: Millis,
    pub to: Millis,
}

/// Windows of which is known what was told: the one that ends and the one that begins.
const REMEMBERED: usize = 2;

impl Period {
    /// The window that a moment lies in.
    pub fn window(self, at: Millis) -> Window {
        let day: String = clock::iso(at).chars().take(10).collect();
        let month: String = day.chars().take(7).collect();
        let first = match self {
            Self::Day => day.clone(),
            Self::Month => format!("{month}-01"),
        };
        let name = match self {
            Self::Day => day,
            Self::Month => month,
        };
        Window { name, from: clock::parse_iso(&first).unwrap_or(at), to: at }
    }

    /// That window to its end.
    pub fn whole(self, at: Millis) -> Window {
        let window = self.window(at);
        let days = match self {
            Self::Day => 1,
            Self::Month => 31,
        };
        let next = self.window(window.from.plus(Duration::from_secs(days * 24 * 3600)));
        // The day after 31 days lies in the next month, also of a month that has 31.
        Window { to: Millis(next.from.0 - 1), ..window }
    }
}

impl Budget {
    /// The thresholds that are reached and that nobody was told of in this window.
    pub fn untold(&self, window: &str, spent: i64) -> Vec<u16> {
        let told = self.told.iter().find(|told| told.window == window);
        let reached = |percent: u16| i128::from(spent) * 100 >= i128::from(self.pico) * i128::from(percent);
        let is_told = |percent: u16| told.is_some_and(|told| told.thresholds.contains(&percent));
        self.thresholds.iter().copied().filter(|percent| reached(*percent) && !is_told(*percent)).collect()
    }

    /// Remembers that somebody is told.
    pub fn tell(&mut self, window: &str, thresholds: &[u16]) {
        match self.told.iter_mut().find(|told| told.window == window) {
            Some(told) => told.thresholds.extend(thresholds),
            None => self.told.push(Told { window: window.into(), thresholds: thresholds.to_vec() }),
        }
        self.told.sort_by(|one, two| one.window.cmp(&two.window));
        let old = self.told.len().saturating_sub(REMEMBERED);
        self.told.drain(..old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(thresholds: &[u16]) -> Budget {
        Budget {
            id: BudgetId::from_u64(1).unwrap(),
            title: "t".into(),
            scope: Scope::Organization,
            period: Period::Day,
            pico: 1_000,
            thresholds: thresholds.to_vec(),
            group_id: GroupId::from_u64(2).unwrap(),
            created_at: Millis(0),
            changed_at: Millis(0),
            told: Vec::new(),
        }
    }

    #[test]
    fn a_window_is_the_utc_day_or_month_of_its_moment() {
        let at = clock::parse_iso("2026-02-28T23:59:59.999Z").unwrap();
        let day = Period::Day.window(at);
        assert_eq!((day.name.as_str(), clock::iso(day.from)), ("2026-02-28", "2026-02-28T00:00:00Z".into()));
        let month = Period::Month.window(at);
        assert_eq!((month.name.as_str(), clock::iso(month.from)), ("2026-02", "2026-02-01T00:00:00Z".into()));
        assert_eq!((day.to, month.to), (at, at));
        assert_eq!(Period::Day.window(Millis(at.0 + 1)).name, "2026-03-01");
        for (of, ends) in
            [("2026-02-03", "2026-02-28"), ("2026-01-31", "2026-01-31"), ("2026-12-01", "2026-12-31")]
        {
            let at = clock::parse_iso(of).unwrap();
            assert_eq!(clock::iso_millis(Period::Month.whole(at).to), format!("{ends}T23:59:59.999Z"));
            assert_eq!(clock::iso_millis(Period::Day.whole(at).to), format!("{of}T23:59:59.999Z"));
        }
    }

    #[test]
    fn each_threshold_is_told_once_a_window() {
        let mut budget = budget(&[50, 80, 100]);
        assert_eq!(budget.untold("d1", 499), [0; 0]);
        assert_eq!(budget.untold("d1", 500), [50]);
        budget.tell("d1", &[50]);
        assert_eq!(budget.untold("d1", 999), [80]);
        assert_eq!(budget.untold("d1", 5_000), [80, 100]);
        budget.tell("d1", &[80, 100]);
        assert_eq!(budget.untold("d1", i64::MAX), [0; 0]);
        assert_eq!(budget.untold("d2", 800), [50, 80]);
        assert_eq!(budget.untold("d2", -5), [0; 0]);
    }

    #[test]
    fn what_was_told_is_remembered_of_two_windows() {
        let mut budget = budget(&[50]);
        for window in ["d1", "d3", "d2"] {
            budget.tell(window, &[50]);
        }
        let windows: Vec<_> = budget.told.iter().map(|told| told.window.as_str()).collect();
        assert_eq!(windows, ["d2", "d3"]);
    }
}
