//! Fields that an organization gives its leads.

pub mod create;
pub mod delete;
pub mod list;
pub mod update;

use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    domain::custom_field::{CustomField, MAX_OPTIONS},
    http::{
        fields::{Fields, code},
        input::{Asked, Field, describe},
    },
    ids::FieldId,
    json::{Kind, Part},
};
use utoipa::ToSchema;

/// Characters of a label.
const LABEL: usize = 200;

/// One field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldOut {
    #[schema(value_type = u64, example = 21)]
    id: FieldId,
    #[schema(example = "Deal size")]
    label: String,
    /// The key under which leads show and take its values.
    #[schema(example = "deal_size")]
    machine_name: String,
    /// `text`, `textarea`, `number`, `date`, `select`, `checkbox` or `url`.
    #[schema(example = "select", extensions(("x-words" = json!(shared::domain::custom_field::FieldType::WORDS))))]
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

/// What a select may hold.
pub struct Options;

impl Field for Options {
    type Value = Vec<String>;

    fn read(fields: &mut Fields, name: &str) -> Option<Vec<String>> {
        let sent = fields.json(name)?;
        let Kind::List(options) = sent.part().kind() else {
            fields.refuse_as(name, code::TYPE, "must be a list of texts");
            return None;
        };
        if options.clone().nth(MAX_OPTIONS).is_some() {
            fields.refuse_as(name, code::TOO_LONG, format!("must be at most {MAX_OPTIONS}"));
            return None;
        }
        let text = |option: Part<'_>| option.text_or_digits().map(|text| text.trim().to_owned());
        let options: Option<Vec<String>> = options.map(text).collect();
        if options.is_none() {
            fields.refuse_as(name, code::TYPE, "must be texts");
        }
        options
    }

    fn schema(asked: Asked) -> Value {
        let items = json!({ "type": ["string", "number"], "maxLength": LABEL });
        describe::list(asked, items, 0, MAX_OPTIONS)
    }
}
