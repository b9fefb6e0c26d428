//! What requests may hold, declared once: [`input!`](crate::input) makes of one declaration the struct, its reader, its
//! schema and its documentation.
//!
//! Its one rule: what a field may be belongs to its type. A type in a declaration says how the field is read and described;
//! what the struct holds under its name is the type's [`Value`](Field::Value), so that a handler sees plain values.
//!
//! - A [`Field`] must be there; `Option` of one may be left out (null and, where reading is lenient, blank text count as
//!   left out), [`Kept`] may be left out and not emptied, [`Patch`] tells null from left out, [`OrDefault`] has a default,
//!   [`Flat`] takes in the fields of another input.
//! - In a `closed struct` fields that are not declared are refused: where one that is misspelt would do harm. A `strict struct` is
//!   read to the letter: it is closed, and text is no number.
//! - What must hold between fields, or needs more than the request, is computed behind the struct (`then`), from what was
//!   read so far; what it refuses is told with the rest.
//!
//! Schemas are made by functions that only the API document calls (`http::group`).

mod declare;
pub mod describe;
mod lists;
mod member;
mod networks;
mod numbers;
mod paging;
mod posted;
mod scopes;
#[cfg(test)]
mod tests;
mod texts;
mod times;
mod words;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;

/// A JSON Schema, as JSON.
pub use serde_json::Value as Schema;
/// Writes a [`Schema`].
pub use serde_json::json;
#[doc(hidden)]
pub use utoipa;

pub use describe::{Asked, Description, Note};
pub use lists::{List, Nested, Object};
pub use member::{Flat, Hidden, Kept, Member, Nothing, OrDefault, Patch, Patched, Unspoken};
pub use networks::Network;
pub use numbers::{Between, Flag, IdOrNone, Number, Whole, number};
pub use paging::{Cursor, Limit, Paging};
pub use posted::PostedFrom;
pub use scopes::Scope;
pub use texts::{BaseUrl, Email, Foreign, Secret, Text, Verbatim};
pub use url::Url;

pub use times::{Date, Day, Moment, Time, Until};
pub use words::{Settable, Word, Words};

use super::{extract::QueryFields, fields::Fields};
use crate::{
    app::SharedApp,
    error::{Error, ErrorKind, OrNotFound, Result},
    store::StoreError,
};

/// How a field is read and described.
pub trait Field {
    type Value;

    /// The value; none when it was left out, or was refused.
    fn read(fields: &mut Fields, name: &str) -> Option<Self::Value>;

    /// Which values fit, as JSON Schema: whatever fits is read, and whatever does not is refused.
    fn schema(asked: Asked) -> Schema;
}

/// What [`input!`](crate::input) declares and no more than a request is needed for.
pub trait Input: Sized {
    /// Reads the fields and gathers what is wrong; none when something is.
    fn open(fields: &mut Fields) -> Option<Self>;

    /// Reads the fields, and fails with everything that is wrong.
    fn read(fields: Fields) -> Result<Self>;
}

/// What an input is called and holds, for the document and for those who have to know every name.
pub trait Declared {
    const STRICT: bool;
    const CLOSED: bool;

    fn about() -> Note;

    fn describe(into: &mut Description);

    /// Every name that is read.
    fn names(into: &mut Vec<&'static str>);
}

/// An input as the body of a request.
#[derive(Debug)]
pub struct InBody<T>(pub T);

impl<T: Input> FromRequest<SharedApp> for InBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Self> {
        T::read(Fields::from_request(request, app).await?).map(Self)
    }
}

/// An input as the query of a request.
#[derive(Debug)]
pub struct InQuery<T>(pub T);

impl<T: Input, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let QueryFields(fields) = QueryFields::from_request_parts(parts, state).await?;
        T::read(fields).map(Self)
    }
}

/// The input of a change to what stands, or does not: what is wrong with it is told of what is there only. `stands` is looked up
/// for nothing else.
///
/// # Errors
/// What is wrong with it; that nothing is there.
pub async fn of_standing<T, E>(
    stands: impl Future<Output = Result<Option<E>, StoreError>>,
    read: Result<T>,
) -> Result<T> {
    if read.as_ref().is_err_and(|error| error.kind == ErrorKind::Invalid) {
        stands.await?.or_not_found("record")?;
    }
    read
}

/// Prepares the fields for being read as the declaration wants it.
#[doc(hidden)]
pub fn begin<T: Declared>(fields: &mut Fields) {
    if T::STRICT {
        fields.be_strict();
    }
    if fields.is_strict() || T::CLOSED {
        let mut names = Vec::new();
        T::names(&mut names);
        fields.refuse_others(&names);
    }
}

/// What cannot be: a field has no value and nobody refused it.
#[doc(hidden)]
pub fn passed() -> Error {
    Error::internal("a refused field passed")
}
