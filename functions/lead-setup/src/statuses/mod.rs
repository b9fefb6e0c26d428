//! Statuses that leads go through.

pub mod create;
pub mod delete;
pub mod list;
pub mod reorder;
pub mod update;

use serde::Serialize;
use shared::{
    domain::lead_setup::{LeadSetup, Status, read_color},
    http::fields::Fields,
    ids::Id,
};
use utoipa::ToSchema;

/// Characters of a label.
const LABEL: usize = 100;

/// One status.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusOut {
    #[schema(value_type = u64, example = 12)]
    id: Id,
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
fn shown(setup: &LeadSetup) -> Vec<StatusOut> {
    setup.statuses.iter().enumerate().map(|(weight, status)| StatusOut::new(weight, status)).collect()
}

impl StatusOut {
    fn new(weight: usize, status: &Status) -> Self {
        let Status { id, label, color, is_default } = status.clone();
        Self { id, label, color, weight, is_default }
    }
}

fn color(fields: &mut Fields) -> Option<String> {
    let text = fields.text("color", 50)?;
    let color = read_color(&text);
    if color.is_none() {
        fields.refuse("color", "must be a colour such as #3b82f6");
    }
    color
}
