//! Tells n8n of decisions: the worker of the queue `resume-n8n`.

use shared::{
    queue::QueueName,
    work::{Worker, resume},
};

/// What its Lambda links, and nothing else.
pub const WORKER: Worker = Worker { queue: QueueName::ResumeN8n, steps: &[resume::STEP] };
