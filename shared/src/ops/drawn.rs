//! Ids that two sources drew at once.
//!
//! An id has 12 random bits beside its millisecond, and every environment of a function draws its own. Its one rule: whoever
//! meets somebody else under an id of his own draws others and does the whole operation once more (`Ctx::answer`), because
//! the id is in what it writes, in what it tells and in what it answers.

use std::fmt;

use crate::{
    error::{Error, ErrorKind},
    store::{Action, Attrs, Label, Refusal, StoreError, Write},
};

/// What a commit makes under ids that were drawn for it.
pub(super) struct Drawn {
    labels: Vec<Label>,
    /// What a single write makes. An engine repeats it where the answer was lost, and the repeat meets the first.
    alone: Option<Attrs>,
}

/// Who stood under an id that was drawn.
pub(super) enum Met {
    Itself,
    Another(Label),
}

impl Drawn {
    pub(super) fn of(writes: &[Write]) -> Self {
        let others = |label| writes.iter().any(|write| write.label == label && !write.drawn);
        let drawn = writes.iter().filter(|write| write.drawn && !others(write.label));
        let alone = match writes {
            [Write { action: Action::Put(attrs), drawn: true, .. }] => Some(attrs.clone()),
            _ => None,
        };
        Self { labels: drawn.map(|write| write.label).collect(), alone }
    }

    pub(super) fn met(&self, error: &StoreError) -> Option<Met> {
        let refused = error.refusals().iter().find(|refused| self.labels.contains(&refused.label))?;
        let Refusal { label, current } = refused;
        let is_itself = current
            .as_ref()
            .zip(self.alone.as_ref())
            .is_some_and(|(met, own)| met.attrs().is_ok_and(|met| *met == *own));
        Some(if is_itself { Met::Itself } else { Met::Another(label) })
    }
}

/// Why an operation is to begin anew.
#[derive(Debug)]
struct Taken(Label);

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another source drew the id of this {} in the same millisecond", self.0)
    }
}

impl std::error::Error for Taken {}

/// What a caller hears who met another twice.
pub(super) fn taken(label: Label) -> Error {
    let message =
        "Others made something under the same id at the same moment, and nothing was stored. Send it again.";
    Error::new(ErrorKind::Unavailable, "id_taken", message).caused_by(Taken(label))
}

/// Whether an operation failed because of an id that it drew. Nothing was written.
pub(crate) fn is_taken(error: &Error) -> bool {
    matches!(error.cause(), Some(cause) if cause.is::<Taken>())
}
