//! What is kept of an execution, by where it stands.

use super::LONGEST_TEXT;

/// What is kept of a value, by where it stands.
pub(super) enum Shape {
    /// Text, a number, a flag.
    Plain,
    /// An id that is wanted.
    Id,
    /// The named members.
    Object(&'static [(&'static str, &'static Shape)]),
    /// The named members; nothing when it has none of them.
    Loose(&'static [(&'static str, &'static Shape)]),
    /// All members.
    Map(&'static Shape),
    /// All items, each in its place.
    List(&'static Shape),
    /// The first item.
    First(&'static Shape),
    /// The items of which something is kept.
    Some(&'static Shape),
    /// Ids among the members of an answer, or of what it is wrapped into.
    Answer { wrapped: bool },
}

use Shape::{Answer, First, Id, List, Loose, Map, Object, Plain};

pub(super) static ROW: Shape = Object(&[
    ("id", &Plain),
    ("status", &Plain),
    ("workflowId", &Plain),
    ("startedAt", &Plain),
    ("stoppedAt", &Plain),
    ("waitTill", &Plain),
    ("data", &DATA),
    ("workflowData", &WORKFLOW),
]);
static DATA: Shape = Object(&[("resultData", &RESULT), ("executionData", &STACK), ("resumeToken", &Plain)]);
static RESULT: Shape = Object(&[("lastNodeExecuted", &Plain), ("runData", &Map(&List(&RUN)))]);
static RUN: Shape = Object(&[
    ("startTime", &Plain),
    ("executionTime", &Plain),
    ("executionIndex", &Plain),
    ("executionStatus", &Plain),
    ("source", &List(&SOURCE)),
    ("metadata", &Object(&[("resumeUrl", &Plain)])),
    ("data", &OUTPUTS),
]);
static SOURCE: Shape =
    Object(&[("previousNode", &Plain), ("previousNodeRun", &Plain), ("previousNodeOutput", &Plain)]);
static OUTPUTS: Shape = Object(&[("main", &List(&ITEMS)), ("ai_tool", &List(&ITEMS))]);
static ITEMS: Shape = Shape::Some(&Loose(&[("json", &Answer { wrapped: false })]));
static STACK: Shape =
    Object(&[("nodeExecutionStack", &First(&Object(&[("node", &NODE), ("data", &OUTPUTS)])))]);
static WORKFLOW: Shape = Object(&[("nodes", &List(&NODE)), ("connections", &Map(&CONNECTIONS))]);
static CONNECTIONS: Shape = Object(&[("main", &List(&List(&Object(&[("node", &Plain)]))))]);
static NODE: Shape = Object(&[
    ("name", &Plain),
    ("type", &Plain),
    ("disabled", &Plain),
    (
        "parameters",
        &Object(&[
            ("resume", &Plain),
            ("operation", &Plain),
            ("httpMethod", &Plain),
            ("incomingAuthentication", &Plain),
            ("url", &Plain),
            ("options", &Object(&[("webhookSuffix", &Plain)])),
        ]),
    ),
]);

/// What is kept of a member, by its key as it is written.
pub(super) fn member(shape: &Shape, key: &[u8]) -> Option<&'static Shape> {
    static IDS: Shape = Id;
    static WRAPPED: Shape = Answer { wrapped: true };
    match shape {
        Object(members) | Loose(members) => {
            members.iter().find(|(name, _)| name.as_bytes() == key).map(|(_, shape)| *shape)
        }
        Map(of) => (key.len() <= LONGEST_TEXT).then_some(*of),
        Answer { .. } if key == b"id" || key.ends_with(b"_id") || key.ends_with(b"Id") => Some(&IDS),
        // The same as in `node_run::ReadBody`.
        Answer { wrapped: false } => {
            matches!(key, b"body" | b"data" | b"response" | b"fullResponse" | b"result" | b"payload")
                .then_some(&WRAPPED)
        }
        _ => None,
    }
}
