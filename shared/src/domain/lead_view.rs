//! The columns in which a user looks at leads.
//!
//! Its one rule: columns are kept as they were sent. What they mean is the page's business; here it only counts that
//! each names something that a lead has.

use serde_json::Value;

use super::{custom_field::is_built_in, pipeline::Pipeline};

/// Columns at the most, and the bytes of their JSON.
pub const MAX_COLUMNS: usize = 200;
pub const MAX_BYTES: usize = 16 * 1024;

/// What somebody sees who has chosen nothing.
pub const DEFAULT: [&str; 8] =
    ["first_name", "last_name", "email", "company_name", "status", "lead_score", "lead_source", "created"];

/// The name of a column: the text itself, or what an object has under `key`, `field` or `name`.
pub fn column_name(column: &Value) -> Option<&str> {
    let name = match column {
        Value::String(name) => Some(name),
        Value::Object(map) => ["key", "field", "name"].into_iter().find_map(|key| match map.get(key)? {
            Value::String(name) => Some(name),
            _ => None,
        }),
        _ => None,
    };
    name.map(String::as_str).filter(|name| !name.trim().is_empty())
}

/// Whether every column names something that each lead has, so that no custom field need be looked up.
pub fn is_plain(columns: &[Value]) -> bool {
    columns.iter().filter_map(column_name).all(is_built_in)
}

/// Whether a lead has what a column names.
pub fn is_known(pipeline: &Pipeline, column: &Value) -> bool {
    column_name(column).is_some_and(|name| is_built_in(name) || pipeline.field(name).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_is_a_name_or_an_object_that_has_one() {
        for (column, name) in [
            (json!("email"), Some("email")),
            (json!({ "key": "email", "visible": true }), Some("email")),
            (json!({ "field": "email", "width": 120 }), Some("email")),
            (json!({ "name": "E-mail", "key": "email" }), Some("email")),
            (json!({ "key": 7, "name": "email" }), Some("email")),
            (json!({ "visible": true }), None),
            (json!(""), None),
            (json!({ "key": " " }), None),
            (json!(7), None),
            (json!(null), None),
        ] {
            assert_eq!(column_name(&column), name, "{column}");
        }
    }

    #[test]
    fn everybody_has_the_default_columns() {
        assert!(is_plain(&DEFAULT.map(Value::from)));
    }
}
