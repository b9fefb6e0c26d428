//! What nobody waits for, after requests that have been answered: the worker of the queue `background`.

use shared::{
    queue::QueueName,
    work::{Worker, chore},
};

/// What its Lambda links, and nothing else.
pub const WORKER: Worker = Worker { queue: QueueName::Background, steps: &[chore::STEP] };
