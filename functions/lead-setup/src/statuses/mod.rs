//! Statuses that leads go through.

pub mod create;
pub mod delete;
pub mod list;
pub mod reorder;
pub mod update;

use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    domain::lead_setup::{Status, read_color},
    http::{
        fields::{Fields, code},
        input::{Asked, Field, describe},
    },
    ids::StatusId,
};
use utoipa::ToSchema;

/// Characters of a label.
const LABEL: usize = 100;

/// One status.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusOut {
    #[schema(value_type = u64, example = 12)]
    id: StatusId,
    #[schema(example = "Nurturing")]
    label: String,
    /// `#rrggbb`
    #[schema(example = "#10b981")]
    color: String,
    /// Its place in the order, from 0.
    #[schema(example = 7)]
    weight: usize,
    /// Whether it is one that every organization has.
    is_default: bool,
}

/// All statuses in their order.
fn shown(statuses: &[Status]) -> Vec<StatusOut> {
    statuses.iter().enumerate().map(|(weight, status)| StatusOut::new(weight, status)).collect()
}

impl StatusOut {
    fn new(weight: usize, status: &Status) -> Self {
        let Status { id, label, color, is_default } = status.clone();
        Self { id, label, color, weight, is_default }
    }
}

/// A label: its digits would be taken for an id.
pub struct Label;

impl Field for Label {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.text(name, LABEL)
    }

    fn schema(asked: Asked) -> Value {
        let mut schema =
            json!({ "type": asked.types("string", &[]), "pattern": "[^0-9\\s]", "maxLength": LABEL });
        if asked.kept {
            schema["minLength"] = json!(1);
        }
        schema
    }
}

/// `#rrggbb`.
pub struct Color;

impl Field for Color {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let color = read_color(&fields.text(name, 50)?);
        if color.is_none() {
            fields.refuse_as(name, code::FORMAT, "must be a colour such as #3b82f6");
        }
        color
    }

    fn schema(asked: Asked) -> Value {
        describe::patterned(asked, "#[0-9A-Fa-f]{6}", 50)
    }
}
