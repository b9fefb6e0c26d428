//! The parsers of foreign bytes that have no other door, for the properties that must hold of each (`tests/properties`).
//!
//! Its one rule: it is there under the feature `testing` alone, and no code of the product goes through it.

/// The tokens of sessions.
pub mod tokens {
    pub use crate::accounts::tokens::{Claims, looks_like_one, open, place, sign};
}

/// The headers that carry a credential.
pub mod credential {
    pub use crate::http::credential::{Sent, sent};
}

/// What an item may be.
pub mod check {
    pub use crate::store::check::write;
}

/// Numbers as they are stored.
pub mod number {
    pub use crate::store::number::{canonical, read};
}

#[cfg(feature = "aws")]
pub use crate::store::dynamo::round_trip;
