//! Document 001.

use super::route::{Route, block, get};
use crate::{error::ErrorKind::Invalid, http::dialect::B};

pub(super) const BLOCKS: &[&[Route]] = &[WORKFLOWS, EVENTS];

const WORKFLOWS: &[Route] = &block(
    &B,
    "workflows",
    "workflows",
    [
        get("/v1/workflows", "list_workflows").scope("workflows:read").errors(&[Invalid]),
        // The document's sample of error handling calls the list by this name.
        get("/api/workflows", "list_workflows_alias").scope("workflows:read").errors(&[Invalid]),
    ],
);

const EVENTS: &[Route] = &block(
    &B,
    "events",
    "events",
    [
        get("/v1/events", "list_events").scope("events:read").errors(&[Invalid]),
        get("/v1/events/types", "list_event_types").scope("events:read"),
    ],
);
