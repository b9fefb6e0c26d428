//! Whether what an organization has is listed by client group.
//!
//! Its one rule: an organization with one client group pays for no list by client group, and one with two never misses anything in
//! such a list. So it goes one way only: nothing, then written but not read, then read.

use serde::{Deserialize, Serialize};

/// How far an organization is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouped {
    /// There is one client group, or was until a moment ago: whoever asks for it gets what is in it out of everything.
    #[default]
    No,
    /// Whatever changes is listed by client group; what was there before is on its way into those lists.
    Written,
    /// Everything is in the lists.
    Read,
}

/// What is known of it, once in an organization.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Grouping {
    pub grouped: Grouped,
    pub v: u64,
}

impl Grouping {
    /// The next one that says so.
    #[must_use]
    pub fn becomes(&self, grouped: Grouped) -> Self {
        Self { grouped, v: self.v + 1 }
    }
}
