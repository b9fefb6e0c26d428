//! What belongs to no document, or to all.

use super::route::{Route, block, get, put};
use crate::{
    error::ErrorKind::{NotFound, Unavailable},
    http::dialect::HOUSE,
};

pub(super) const BLOCKS: &[&[Route]] = &[SERVICE, MEDIA];

const SERVICE: &[Route] = &block(
    &HOUSE,
    "meta",
    "service",
    [
        get("/", "home").public().always_there(),
        get("/join", "join").public().always_there(),
        get("/health", "health").public().always_there().errors(&[Unavailable]),
        get("/openapi.json", "openapi").public().always_there(),
        get("/openapi/{file}", "openapi_of_dialect").public().always_there().errors(&[NotFound]),
        get("/docs", "docs").public().always_there(),
        get("/docs/{file}", "docs_file").public().always_there().errors(&[NotFound]),
    ],
);

const MEDIA: &[Route] = &block(
    &HOUSE,
    "media",
    "media",
    [
        put("/files/{token}", "put_file").public().streams().always_there().errors(&[NotFound, Unavailable]),
        get("/files/{token}", "get_file").public().always_there().errors(&[NotFound, Unavailable]),
    ],
);
