//! The sockets of the local host: who may have one, how long each thing on it may take, and what it may hold meanwhile. In AWS
//! all of this is API Gateway's.
//!
//! Its one rule: whatever one client does or leaves undone, the others are served as if it were not there.

pub mod accept;
pub mod answer;
pub mod body;
pub mod descriptors;
pub mod flow;
pub mod known;
pub mod limits;
pub mod line;
pub mod reply;
pub mod shares;
pub mod socket;
pub mod visit;
pub mod who;
pub mod words;
