//! The fields of a rule.

use shared::{
    domain::alert::{Condition, LEAST_MINUTES, MAX_EXECUTIONS, MAX_MINUTES, Window},
    http::{
        fields::{Fields, code},
        input::Between,
    },
};

/// Longest title.
pub const TITLE: usize = 100;
/// Failures that count unless the rule says otherwise.
const FAILURES: u16 = 3;

/// So many executions.
pub type Executions = Between<1, { MAX_EXECUTIONS as u32 }>;
/// So many minutes.
pub type Within = Between<1, MAX_MINUTES>;
pub type After = Between<LEAST_MINUTES, MAX_MINUTES>;

shared::words! {
    /// What a workflow does that is not well.
    pub enum Unwell { Failing = "failing", Silent = "silent", Stuck = "stuck" }
}

/// The numbers of a condition, as far as they were sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers {
    failures: Option<u16>,
    of_last: Option<u16>,
    within_minutes: Option<u32>,
    after_minutes: Option<u32>,
}

impl Numbers {
    pub fn new(
        fields: &mut Fields,
        failures: Option<u32>,
        of_last: Option<u32>,
        within_minutes: Option<u32>,
        after_minutes: Option<u32>,
    ) -> Self {
        if of_last.is_some() && within_minutes.is_some() {
            fields.refuse("within_minutes", "must not be there together with of_last");
        }
        let small = |number: Option<u32>| number.and_then(|number| u16::try_from(number).ok());
        Self { failures: small(failures), of_last: small(of_last), within_minutes, after_minutes }
    }

    /// The condition of a kind with these numbers. What is missing or does not belong to the kind is refused.
    pub fn condition(self, kind: Unwell, fields: &mut Fields) -> Option<Condition> {
        if kind == Unwell::Failing {
            self.refuse_foreign(fields, &["after_minutes"]);
            let failures = self.failures.unwrap_or(FAILURES);
            let window = match (self.of_last, self.within_minutes) {
                (_, Some(minutes)) => Window::Minutes(minutes),
                (of, None) => Window::Last(of.unwrap_or(failures)),
            };
            return self.failing(failures, window, fields);
        }
        self.refuse_foreign(fields, &["failures", "of_last", "within_minutes"]);
        let Some(minutes) = self.after_minutes else {
            if !fields.is_refused("after_minutes") {
                fields.refuse_as("after_minutes", code::REQUIRED, "is required for this kind");
            }
            return None;
        };
        Some(if kind == Unwell::Silent {
            Condition::Silent { minutes }
        } else {
            Condition::Stuck { minutes }
        })
    }

    /// A condition with what was sent in the place of what it has.
    pub fn change(self, condition: Condition, fields: &mut Fields) -> Option<Condition> {
        match condition {
            Condition::Failing { failures, window } => {
                self.refuse_foreign(fields, &["after_minutes"]);
                let window = match (self.of_last, self.within_minutes) {
                    (Some(of), _) => Window::Last(of),
                    (None, Some(minutes)) => Window::Minutes(minutes),
                    // In a row stays in a row.
                    (None, None) if window == Window::Last(failures) => {
                        Window::Last(self.failures.unwrap_or(failures))
                    }
                    (None, None) => window,
                };
                self.failing(self.failures.unwrap_or(failures), window, fields)
            }
            Condition::Silent { minutes } | Condition::Stuck { minutes } => {
                self.refuse_foreign(fields, &["failures", "of_last", "within_minutes"]);
                let minutes = self.after_minutes.unwrap_or(minutes);
                Some(match condition {
                    Condition::Silent { .. } => Condition::Silent { minutes },
                    _ => Condition::Stuck { minutes },
                })
            }
        }
    }

    fn failing(self, failures: u16, window: Window, fields: &mut Fields) -> Option<Condition> {
        if matches!(window, Window::Last(of) if of < failures) {
            let name = if self.of_last.is_some() { "of_last" } else { "failures" };
            fields.refuse(name, "there must be no more failures than executions of which they are");
            return None;
        }
        Some(Condition::Failing { failures, window })
    }

    fn refuse_foreign(self, fields: &mut Fields, names: &[&str]) {
        let sent = |name: &str| match name {
            "failures" => self.failures.is_some(),
            "of_last" => self.of_last.is_some(),
            "within_minutes" => self.within_minutes.is_some(),
            _ => self.after_minutes.is_some(),
        };
        for name in names.iter().filter(|name| sent(name)) {
            fields.refuse(name, "does not belong to this kind of alert");
        }
    }
}
