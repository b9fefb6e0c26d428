//! Plans of document 001: how many requests of dialect B an organization may send.
//!
//! Its one rule: a plan counts dialect B alone. What the other dialects allow follows from keys, routes and logins.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    Free,
    Starter,
    Pro,
    Business,
    /// No limit: for benchmarks, and for a house of one's own.
    Unlimited,
}

/// Requests in each minute and each day of the clock, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub a_minute: u32,
    pub a_day: u32,
}

impl Plan {
    pub const ALL: [Self; 5] = [Self::Free, Self::Starter, Self::Pro, Self::Business, Self::Unlimited];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Starter => "starter",
            Self::Pro => "pro",
            Self::Business => "business",
            Self::Unlimited => "unlimited",
        }
    }

    /// None where nothing is counted.
    pub fn allowance(self) -> Option<Allowance> {
        let (a_minute, a_day) = match self {
            Self::Free => (60, 1_000),
            Self::Starter => (120, 10_000),
            Self::Pro => (300, 50_000),
            Self::Business => (600, 200_000),
            Self::Unlimited => return None,
        };
        Some(Allowance { a_minute, a_day })
    }
}

/// A word that names no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of free, starter, pro, business, unlimited")]
pub struct UnknownPlan;

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text).ok_or(UnknownPlan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_plan_reads_back_and_allows_more_than_the_one_before() {
        let mut before = Allowance { a_minute: 0, a_day: 0 };
        for plan in Plan::ALL {
            assert_eq!(plan.as_str().parse(), Ok(plan));
            let Some(allowed) = plan.allowance() else { continue };
            assert!(allowed.a_minute > before.a_minute && allowed.a_day > before.a_day);
            before = allowed;
        }
        assert_eq!("gold".parse::<Plan>(), Err(UnknownPlan));
    }
}
