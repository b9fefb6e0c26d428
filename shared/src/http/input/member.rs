//! Whether a field must be there, and what it means when it is not.

use super::{Asked, Declared, Description, Field, Input, Note};
use crate::http::fields::{Fields, code};

/// A field of a declaration.
pub trait Member {
    /// What is known of it while the rest is read: nothing of what was refused.
    type Draft;
    /// What it is once nothing is wrong.
    type Value;

    fn read(fields: &mut Fields, name: &str) -> Self::Draft;

    fn settle(draft: Self::Draft) -> Option<Self::Value>;

    /// Adds its schema.
    fn describe(into: &mut Description, name: &'static str, note: Note);

    fn names(into: &mut Vec<&'static str>, name: &'static str) {
        into.push(name);
    }
}

/// It must be there.
impl<F: Field> Member for F {
    type Draft = Option<F::Value>;
    type Value = F::Value;

    fn read(fields: &mut Fields, name: &str) -> Self::Draft {
        let value = F::read(fields, name);
        if value.is_none() && !fields.is_refused(name) {
            fields.require(name);
            if !fields.is_refused(name) {
                let problem = "is required: what was sent is left over from an expression that found nothing";
                fields.refuse_as(name, code::REQUIRED, problem);
            }
        }
        value
    }

    fn settle(draft: Self::Draft) -> Option<Self::Value> {
        draft
    }

    fn describe(into: &mut Description, name: &'static str, note: Note) {
        into.add::<F>(name, note, Asked { required: true, ..into.asked() });
    }
}

/// It may be left out.
impl<F: Field> Member for Option<F> {
    type Draft = Option<F::Value>;
    type Value = Option<F::Value>;

    fn read(fields: &mut Fields, name: &str) -> Self::Draft {
        F::read(fields, name)
    }

    fn settle(draft: Self::Draft) -> Option<Self::Value> {
        Some(draft)
    }

    fn describe(into: &mut Description, name: &'static str, note: Note) {
        into.add::<F>(name, note, into.asked());
    }
}

/// It may be left out, and is the default of its value then.
pub struct OrDefault<F>(F);

impl<F: Field<Value: Default>> Member for OrDefault<F> {
    type Draft = F::Value;
    type Value = F::Value;

    fn read(fields: &mut Fields, name: &str) -> Self::Draft {
        F::read(fields, name).unwrap_or_default()
    }

    fn settle(draft: Self::Draft) -> Option<Self::Value> {
        Some(draft)
    }

    fn describe(into: &mut Description, name: &'static str, note: Note) {
        into.add::<F>(name, note, into.asked());
    }
}

/// It may be left out, and not emptied.
pub struct Kept<F>(F);

impl<F: Field> Member for Kept<F> {
    type Draft = Option<F::Value>;
    type Value = Option<F::Value>;

    fn read(fields: &mut Fields, name: &str) -> Self::Draft {
        if fields.is_emptied(name) {
            fields.refuse_as(name, code::REQUIRED, "must not be empty");
            return None;
        }
        F::read(fields, name)
    }

    fn settle(draft: Self::Draft) -> Option<Self::Value> {
        Some(draft)
    }

    fn describe(into: &mut Description, name: &'static str, note: Note) {
        into.add::<F>(name, note, Asked { kept: true, ..into.asked() });
    }
}

/// It may be left out, and the document does not speak of it: what a client may send back because it was shown.
pub struct Unspoken<F>(F);

impl<F: Field> Member for Unspoken<F> {
    type Draft = Option<F::Value>;
    type Value = Option<F::Value>;

    fn read(fields: &mut Fields, name: &str) -> Self::Draft {
        F::read(fields, name)
    }

    fn settle(draft: Self::Draft) -> Option<Self::Value> {
        Some(draft)
    }

    fn describe(_: &mut Description, _: &'static str, _: Note) {}
}

/// It may be left out, and null takes away what is there.
pub struct Patch<F>(F);

/// What a request does to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patched<T> {
    #[default]
    Stays,
    Taken,
    Set(T),
}

impl<T> Patched<T> {
    /// The new value, if there is one.
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Stays | Self::Taken => None,
        }
    }

    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Taken)
    }
}

impl<F: Field> Member for Patch<F> {
    type Draft = Patched<F::Value>;
    type Value = Patched<F::Value>;

    fn read(fields: &mut Fields, name: &str) -> Self::Draft {
        if fields.is_null(name) {
            return Patched::Taken;
        }
        F::read(fields, name).map_or(Patched::Stays, Patched::Set)
    }

    fn settle(draft: Self::Draft) -> Option<Self::Value> {
        Some(draft)
    }

    fn describe(into: &mut Description, name: &'static str, note: Note) {
        into.add::<F>(name, note, into.asked());
    }
}

/// The fields of another input among those of this one. `H` names those that are read and that this one does not speak of.
pub struct Flat<T, H = Nothing>(T, H);

/// Names that a document leaves out.
pub trait Hidden {
    const NAMES: &'static [&'static str];
}

pub struct Nothing;

impl Hidden for Nothing {
    const NAMES: &'static [&'static str] = &[];
}

impl<T: Input + Declared, H: Hidden> Member for Flat<T, H> {
    type Draft = Option<T>;
    type Value = T;

    fn read(fields: &mut Fields, _: &str) -> Self::Draft {
        T::open(fields)
    }

    fn settle(draft: Self::Draft) -> Option<Self::Value> {
        draft
    }

    fn describe(into: &mut Description, _: &'static str, _: Note) {
        let mut inner = into.of_the_same();
        T::describe(&mut inner);
        into.take_over(inner, H::NAMES);
    }

    fn names(into: &mut Vec<&'static str>, _: &'static str) {
        T::names(into);
    }
}
