//! n8n: what it writes and answers, understood, and the calls that Baton makes to it.

pub mod answer;
pub mod client;
mod copies;
pub mod credentials;
pub mod echo;
pub mod execution;
mod flatted;
mod gates;
mod graph;
pub(crate) mod leftover;
mod lenient;
mod look;
mod node_run;
pub mod nodes;
pub mod pages;
pub mod resume;
mod scan;
mod seen;
mod skim;
pub mod start;
mod tokens;
pub mod usage;
pub mod wait;

impl From<answer::Poll> for crate::domain::followed_run::PollStatus {
    fn from(poll: answer::Poll) -> Self {
        match poll {
            answer::Poll::Waiting => Self::Waiting,
            answer::Poll::Success => Self::Success,
            answer::Poll::Error => Self::Error,
        }
    }
}
