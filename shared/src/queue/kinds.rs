//! Which work there is, on which queue, and how long it may take: one table.
//!
//! Its one rule: what is said of a queue is said here. The engines, the workers, the local host, `template.yaml` with its
//! alarms and its dashboard are compared with it. It lies this low because a debt in the store names its kind.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is said of a queue. Its worker, its function and its dead-letter queue have its name.
#[derive(Debug, Clone, Copy)]
pub struct QueueSpec {
    pub name: &'static str,
    /// The variable that tells a function where it is.
    pub address: &'static str,
    /// A batch of its messages is worked on for at most so long.
    pub work_time: Duration,
    /// Batches that are worked on at once, at most.
    pub at_once: u32,
    /// Somebody is alarmed when a message has waited so long.
    pub late: Duration,
}

impl QueueSpec {
    /// How long a message stays hidden while it is worked on. AWS's advice for a queue with a function behind it: six times the
    /// function's time, so that a batch which is retried is not handed out twice
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
    pub fn visibility(&self) -> Duration {
        self.work_time * 6
    }
}

/// What is said of a kind of work.
#[derive(Debug, Clone, Copy)]
pub struct KindSpec {
    /// As messages and debts name it.
    pub name: &'static str,
    /// The queue whose worker does it.
    pub queue: QueueName,
}

macro_rules! table {
    ($(#[$of:meta])* $table:ident of $spec:ident; $($(#[$doc:meta])* $row:ident { $($field:ident: $value:expr),+ $(,)? })+) => {
        $(#[$of])*
        pub enum $table {
            $($(#[$doc])* $row,)+
        }

        impl $table {
            pub const ALL: [Self; [$(stringify!($row)),+].len()] = [$(Self::$row),+];

            /// Its row of the table.
            pub const fn spec(self) -> &'static $spec {
                match self {
                    $(Self::$row => const { &$spec { $($field: $value),+ } },)+
                }
            }

            pub fn as_str(self) -> &'static str {
                self.spec().name
            }
        }
    };
}

table! {
    /// The queues there are.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    QueueName of QueueSpec;

    /// Asks n8n how it is doing. Kind to n8n, which is often one small machine.
    PollExecutions {
        name: "poll-executions",
        address: "BATON_QUEUE_URL_POLL_EXECUTIONS",
        // A listing reads up to 200 pages.
        work_time: Duration::from_secs(120),
        at_once: 20,
        late: Duration::from_secs(3600),
    }
    /// Tells n8n of decisions.
    ResumeN8n {
        name: "resume-n8n",
        address: "BATON_QUEUE_URL_RESUME_N8N",
        work_time: Duration::from_secs(60),
        at_once: 20,
        late: Duration::from_secs(3600),
    }
    /// What nobody waits for.
    Background {
        name: "background",
        address: "BATON_QUEUE_URL_BACKGROUND",
        work_time: Duration::from_secs(60),
        at_once: 5,
        late: Duration::from_secs(3600),
    }
}

table! {
    /// The kinds of owed work.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    TaskKind of KindSpec;

    /// Tell n8n of a decision.
    ResumeN8n { name: "resume_n8n", queue: QueueName::ResumeN8n }
    /// Ask n8n how a run is doing.
    PollExecution { name: "poll_execution", queue: QueueName::PollExecutions }
    /// Ask n8n which workflows an installation has.
    ListWorkflows { name: "list_workflows", queue: QueueName::PollExecutions }
    /// Look at a workflow of which nothing was heard for as long as an alert allows.
    WatchWorkflow { name: "watch_workflow", queue: QueueName::PollExecutions }
    /// Go on with a chore.
    Chore { name: "chore", queue: QueueName::Background }
}

impl TaskKind {
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The queue whose worker does it.
    pub fn queue(self) -> QueueName {
        self.spec().queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_stored_under_its_name() {
        for kind in TaskKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.as_str()));
            assert_eq!(TaskKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(TaskKind::parse("resume"), None);
    }

    #[test]
    fn every_queue_has_work_and_an_address_of_its_own() {
        for queue in QueueName::ALL {
            assert!(TaskKind::ALL.iter().any(|kind| kind.queue() == queue), "{queue:?}");
            let words = queue.as_str().replace('-', "_").to_ascii_uppercase();
            assert_eq!(queue.spec().address, format!("BATON_QUEUE_URL_{words}"));
            assert!(queue.spec().visibility() <= super::super::limits::VISIBILITY);
        }
    }
}
