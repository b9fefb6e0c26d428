//! The house's own: health, the API documents, files. They belong to no document, or to all.

use super::{Dialect, Envelope, IdStyle, c, usual_status};

pub static HOUSE: Dialect = Dialect {
    letter: None,
    name: "Baton",
    status: usual_status,
    envelopes: &[Envelope { name: "ErrorHouse", paths: &[], body: c::body }],
    ids: IdStyle::Integer,
    lenient: true,
    put_is_patch: false,
    singular_wrapper: false,
};
