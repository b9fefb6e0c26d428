//! Fields that an organization gives its leads.

pub mod create;
pub mod delete;
pub mod list;
pub mod update;

use serde::Serialize;
use serde_json::Value;
use shared::{domain::custom_field::CustomField, http::fields::Fields, ids::Id};
use utoipa::ToSchema;

/// Characters of a label.
const LABEL: usize = 200;

/// One field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldOut {
    #[schema(value_type = u64, example = 21)]
    id: Id,
    #[schema(example = "Deal size")]
    label: String,
    /// The key under which leads show and take its values.
    #[schema(example = "deal_size")]
    machine_name: String,
    /// `text`, `textarea`, `number`, `date`, `select`, `checkbox` or `url`.
    #[schema(example = "select")]
    field_type: &'static str,
    /// What a select may hold; empty for the other types.
    #[schema(example = json!(["Small", "Large"]))]
    options: Vec<String>,
    /// Whether a new lead must have it.
    required: bool,
}

impl From<&CustomField> for FieldOut {
    fn from(field: &CustomField) -> Self {
        let CustomField { id, label, machine_name, field_type, options, required } = field.clone();
        Self { id, label, machine_name, field_type: field_type.as_str(), options, required }
    }
}

/// The options that were sent, none when the field is absent or blank.
fn options(fields: &mut Fields) -> Option<Vec<String>> {
    let Value::Array(sent) = fields.json("options")? else {
        fields.refuse("options", "must be a list of texts");
        return None;
    };
    let text = |option| match option {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let options: Option<Vec<String>> = sent.into_iter().map(text).collect();
    if options.is_none() {
        fields.refuse("options", "must be texts");
    }
    options
}
