//! What an organization has settled about money: its own prices, its budgets, and which price tables its records have met.

use serde::{Deserialize, Serialize};

use super::{budget::Budget, price::OwnPrice};
use crate::{ids::Id, pricing::Rates};

/// Price tables that are remembered as met.
const REMEMBERED: usize = 20;

/// All of it; empty for an organization that has settled nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Money {
    #[serde(default)]
    pub prices: Vec<OwnPrice>,
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// Versions of the price table that this organization's usage has met, the newest last.
    #[serde(default)]
    pub met: Vec<String>,
    /// The change that made it what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_as: Option<Id>,
    #[serde(default)]
    pub v: u64,
}

impl Money {
    /// Whether these are the same prices, whoever set them and when.
    pub fn prices_like(&self, others: &Self) -> bool {
        fn asked(price: &OwnPrice) -> (&str, Option<&str>, &Rates) {
            (&price.model_id, price.from.as_deref(), &price.rates)
        }
        self.prices.iter().map(asked).eq(others.prices.iter().map(asked))
    }

    /// Whether these are the same budgets, whenever they were changed and whatever was told of them.
    pub fn budgets_like(&self, others: &Self) -> bool {
        let asked = |budget: &Budget| {
            let mut asked = budget.clone();
            asked.told.clear();
            asked.changed_at = asked.created_at;
            asked
        };
        self.budgets.iter().map(asked).eq(others.budgets.iter().map(asked))
    }

    /// Whether the records have met this version of the table.
    pub fn has_met(&self, version: &str) -> bool {
        self.met.iter().any(|met| met == version)
    }

    pub fn meet(&mut self, version: &str) {
        self.met.push(version.to_owned());
        let old = self.met.len().saturating_sub(REMEMBERED);
        self.met.drain(..old);
    }

    /// Whether another version was met before this one: a process with the older table lives on beside one with the newer
    /// for as long as a deployment takes, and must not do the newer one's work.
    pub fn is_older(&self, version: &str, than: &str) -> bool {
        let place = |version: &str| self.met.iter().position(|met| met == version);
        matches!((place(version), place(than)), (Some(one), Some(two)) if one < two)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_met_in_their_order_and_the_oldest_is_forgotten() {
        let mut money = Money::default();
        for n in 0..=REMEMBERED {
            money.meet(&format!("v{n}"));
        }
        assert!(!money.has_met("v0") && money.has_met("v1"));
        assert!(money.is_older("v1", "v2") && !money.is_older("v2", "v1") && !money.is_older("v2", "v2"));
        assert!(!money.is_older("nobody's", "v2") && !money.is_older("v1", "nobody's"));
    }
}
