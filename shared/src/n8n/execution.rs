//! One n8n execution, as n8n's API returns it or as a workflow pushes it, read for the record that Baton keeps.
//!
//! One rule: everything is optional and a wrong type is the same as absence; only text that is no JSON is refused.

use super::seen::{Scan, Want};
use super::usage::{FoundUsage, settle};
use crate::json::JsonError;

/// What is worth keeping of an execution. Instants are unix milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// n8n's id of the execution: digits, but text to us (a row holds it as text, a deleted row as a number).
    pub execution_id: Option<String>,
    /// n8n's id of the workflow.
    pub workflow_id: Option<String>,
    /// The workflow's name when the execution ran.
    pub workflow_name: Option<String>,
    /// n8n's own word (`success`, `waiting` …); [`map_status`](super::answer::map_status) reads it.
    pub status: Option<String>,
    /// n8n's flag; false after an error, too.
    pub finished: Option<bool>,
    /// What started it: `webhook`, `manual`, `trigger`, `retry` …
    pub mode: Option<String>,
    /// When it began.
    pub started_at: Option<i64>,
    /// When it last left n8n's memory. A waiting execution has one, so this is not "ended".
    pub stopped_at: Option<i64>,
    /// When a wait gives up; the year 3000 means never.
    pub wait_till: Option<i64>,
    /// The node that ran last, or that it waits at.
    pub last_node: Option<String>,
    /// The beginning of the error message, if it failed.
    pub error: Option<String>,
    /// Token counts of model calls, in the order in which they were made.
    pub usage: Vec<FoundUsage>,
    /// The execution is so large that some of it was left out, or so entangled that not every copy could be told from a
    /// call: `usage` may be short or long.
    pub truncated: bool,
}

/// Why an execution could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not one JSON value.
    #[error("the execution is not JSON")]
    NotJson(#[source] JsonError),
}

impl Summary {
    /// Reads an execution in one pass over the bytes, keeping no tree.
    ///
    /// Nesting is no danger: what is not wanted is skipped without recursion, what is wanted lies at fixed depths. The
    /// memory used grows with the number of node runs (at most 50,000, then `truncated`); n8n's flatted form needs 4
    /// bytes per value besides, so the caller's limit on the size of the body bounds that too.
    ///
    /// # Errors
    /// Only if `json` is not JSON. An empty object gives an empty summary.
    pub fn read(json: &[u8]) -> Result<Self, ReadError> {
        let scan = Scan::read(json, Want::Usage).map_err(ReadError::NotJson)?;
        let (usage, incomplete) = settle(&scan);
        Ok(Self {
            execution_id: scan.execution_id.or(scan.id),
            workflow_id: scan.workflow_id.or(scan.workflow.id),
            workflow_name: scan.workflow.name,
            status: scan.status,
            finished: scan.finished,
            mode: scan.mode,
            started_at: scan.started_at,
            stopped_at: scan.stopped_at,
            wait_till: scan.wait_till,
            last_node: scan.last_node,
            error: scan.error,
            usage,
            truncated: scan.truncated || incomplete,
        })
    }
}

#[cfg(test)]
mod tests;
