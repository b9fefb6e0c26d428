//! How a deletion says what becomes of an execution that waits for what is deleted ([`crate::ops::deletion`]).

use super::fields::Fields;
use crate::error::Result;
pub use crate::ops::deletion::{Leaving, Waiting};

/// The words of `decide`.
pub const WORDS: [&str; 1] = ["deny"];

impl Waiting {
    /// `decide` in the query: nothing, or `deny`. That the caller may decide was seen before (`routes::DECIDE`).
    pub fn read(mut query: Fields) -> Result<Self> {
        let deny = query.one_of("decide", &WORDS, |word| (word == "deny").then_some(()));
        query.finish()?;
        Ok(deny.map_or(Self::Waits, |()| Self::IsDenied))
    }
}

/// `decide`, as the API document shows it.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that `Waiting` reads leniently")]
pub struct DeleteQuery {
    /// `deny` denies what waits for a person before it is deleted, so that its execution is told. Needs the scope
    /// `reviews:decide`.
    #[param(example = "deny")]
    decide: Option<String>,
}
