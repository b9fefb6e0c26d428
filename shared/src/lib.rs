//! The one library that every function of Baton and the local host share.

#[cfg(feature = "aws")]
pub mod aws;
pub mod blobs;
pub mod clock;
pub mod queue;
pub mod sealer;
pub mod store;
pub mod tenant;
