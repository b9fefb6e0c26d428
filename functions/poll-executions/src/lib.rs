//! Follows runs to their end, lists n8n's workflows and looks after those that are watched: the worker of the queue
//! `poll-executions`.

use shared::{
    queue::QueueName,
    work::{Worker, listing, poll, watch},
};

/// What its Lambda links, and nothing else.
pub const WORKER: Worker =
    Worker { queue: QueueName::PollExecutions, steps: &[poll::STEP, listing::STEP, watch::STEP] };
