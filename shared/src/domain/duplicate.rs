//! What becomes of a post that brings what is there already: a lead's e-mail address, an invoice's number.

use super::names::names;

names! {
    /// What the caller wants then.
    pub enum OnDuplicate {
        /// What is there is the answer, and stays as it is. So it is when the caller says nothing.
        Ignore = "ignore",
        /// What was posted is written into what is there.
        Update = "update",
        /// There will be two.
        Create = "create",
    }
}

/// What became of the post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    Created,
    /// It goes on with what a reviewer had sent back.
    Renewed,
    /// It was there already, and stays as it is.
    Known,
    /// It was there already, and has what was posted.
    Updated,
}

impl Arrival {
    /// Whether what was posted was there already.
    pub fn is_duplicate(self) -> bool {
        matches!(self, Self::Known | Self::Updated)
    }
}
