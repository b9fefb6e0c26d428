//! The columns in which a user looks at leads.
//!
//! Its one rule: columns are kept as they were sent. What they mean is the page's business; here it only counts that
//! each names something that a lead has.

use std::borrow::Cow;

use super::{custom_field::is_built_in, lead_setup::LeadSetup};
use crate::json::{Json, Kind, Part};

/// Columns at the most, and the bytes of their JSON.
pub const MAX_COLUMNS: usize = 200;
pub const MAX_BYTES: usize = 16 * 1024;

/// What somebody sees who has chosen nothing.
pub const DEFAULT: [&str; 8] =
    ["first_name", "last_name", "email", "company_name", "status", "lead_score", "lead_source", "created"];

/// The name of a column: the text itself, or what an object has under `key`, `field` or `name`.
pub fn column_name(column: Part<'_>) -> Option<Cow<'_, str>> {
    let name = match column.kind() {
        Kind::Text(name) => Some(name),
        Kind::Object(_) => ["key", "field", "name"].into_iter().find_map(|key| column.get(key)?.text()),
        _ => None,
    };
    name.filter(|name| !name.trim().is_empty())
}

/// Whether every column names something that each lead has, so that no custom field need be looked up.
pub fn is_plain(columns: &[Json]) -> bool {
    columns.iter().filter_map(|column| column_name(column.part())).all(|name| is_built_in(&name))
}

/// Whether a lead has what a column names.
pub fn is_known(setup: &LeadSetup, column: &Json) -> bool {
    column_name(column.part()).is_some_and(|name| is_built_in(&name) || setup.field(&name).is_some())
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
            let column = Json::read(column.to_string().as_bytes()).unwrap();
            assert_eq!(column_name(column.part()).as_deref(), name, "{column:?}");
        }
    }

    #[test]
    fn everybody_has_the_default_columns() {
        assert!(is_plain(&DEFAULT.map(Json::of_text)));
    }
}
