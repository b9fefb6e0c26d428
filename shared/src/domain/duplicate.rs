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
