//! How a deletion says what becomes of an execution that waits for what is deleted ([`crate::ops::deletion`]).

use super::input::{OrDefault, Word, Words};
pub use crate::ops::deletion::{Leaving, Waiting};

crate::input! {
    /// What becomes of an execution that waits for what is deleted.
    pub struct DeleteQuery {
        /// `deny` denies what waits for a person before it is deleted, so that its execution is told. Needs the scope
        /// `reviews:decide`.
        #[example("deny")]
        pub decide: OrDefault<Word<Waiting>>,
    }
}

/// That the caller may decide was seen before (`routes::DECIDE`).
impl Words for Waiting {
    type Value = Self;

    const WORDS: &'static [&'static str] = &["deny"];

    fn parse(word: &str) -> Option<Self> {
        (word == "deny").then_some(Self::IsDenied)
    }
}
