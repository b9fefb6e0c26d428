//! Document 003.

use super::route::{Route, block, get};
use crate::{error::ErrorKind::Invalid, http::dialect::D};

pub(super) const BLOCKS: &[&[Route]] = &[WORKFLOWS];

const WORKFLOWS: &[Route] = &block(
    &D,
    "workflows",
    "workflows",
    [get("/v1/workflows", "d_list_workflows").scope("workflows:read").errors(&[Invalid])],
);
