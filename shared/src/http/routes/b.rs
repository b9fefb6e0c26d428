//! Document 001.

use super::route::{Route, block, get};
use crate::{error::ErrorKind::Invalid, http::dialect::B};

pub(super) const BLOCKS: &[&[Route]] = &[WORKFLOWS];

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
