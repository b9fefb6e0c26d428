//! Counts, and what each must be.

use std::{fmt::Display, ops::RangeInclusive};

/// What was counted in one attack.
#[derive(Default)]
pub struct Verdict(Vec<Count>);

struct Count {
    what: String,
    found: String,
    wanted: String,
    right: bool,
}

impl Verdict {
    pub fn failed(what: &str) -> Self {
        let mut verdict = Self::default();
        verdict.within(what, 1, 0..=0);
        verdict
    }

    pub fn exactly<T: PartialEq + Display>(&mut self, what: impl Into<String>, found: T, wanted: T) {
        let right = found == wanted;
        self.0.push(Count { what: what.into(), found: found.to_string(), wanted: wanted.to_string(), right });
    }

    pub fn within(&mut self, what: impl Into<String>, found: u64, wanted: RangeInclusive<u64>) {
        let right = wanted.contains(&found);
        let wanted = match (*wanted.start(), *wanted.end()) {
            (0, most) => format!("at most {most}"),
            (least, u64::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        self.0.push(Count { what: what.into(), found: found.to_string(), wanted, right });
    }

    /// Something that is told and not judged.
    pub fn told(&mut self, what: impl Into<String>, found: impl Display) {
        self.0.push(Count {
            what: what.into(),
            found: found.to_string(),
            wanted: String::new(),
            right: true,
        });
    }

    pub fn print(&self) {
        for Count { what, found, wanted, right } in &self.0 {
            let mark = if *right { ' ' } else { '!' };
            println!(" {mark} {what:62} {found:>12}   {wanted}");
        }
    }

    pub fn wrong(&self) -> impl Iterator<Item = String> {
        let wrong = self.0.iter().filter(|count| !count.right);
        wrong.map(|Count { what, found, wanted, .. }| format!("{what}: {found}, and not {wanted}"))
    }
}
