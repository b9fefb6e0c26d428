//! Fields that are scopes.

use serde_json::Value;

use super::{Asked, Field, describe};
use crate::http::{fields::Fields, routes};

/// A scope that some route asks for, or one for many of them (`*`, `*:read`).
pub struct Scope;

impl Field for Scope {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let known = routes::scopes();
        let parse = |word: &str| known.contains(&word).then(|| word.to_owned());
        fields.one_of(name, known, parse)
    }

    fn schema(asked: Asked) -> Value {
        describe::words(asked, routes::scopes())
    }
}
