use serde::Serialize;
use shared::{
    domain::custom_field::{FieldType, Shape},
    error::Result,
    http::{ctx::Ctx, fields::Fields, reply::Reply},
};
use utoipa::ToSchema;

use super::{FieldOut, LABEL, options};
use crate::change::{change, refused};

/// A custom field to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateField {
    /// Its machine name is made from this, once.
    #[schema(max_length = 200, example = "Deal size")]
    label: String,
    /// `text`, `textarea`, `number`, `date`, `select`, `checkbox` or `url`.
    #[schema(example = "select")]
    field_type: String,
    /// What a select may hold: 1 to 200 texts. Not for the other types.
    #[schema(max_items = 200, example = json!(["Small", "Large"]))]
    options: Option<Vec<String>>,
    /// Whether a new lead must have it.
    required: Option<bool>,
}

/// The created field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedField)]
pub struct Created {
    success: bool,
    #[serde(flatten)]
    field: FieldOut,
    #[schema(example = "Custom field created successfully.")]
    message: &'static str,
}

struct Input {
    label: String,
    shape: Shape,
    required: bool,
}

/// Creates a custom field. Leads take and show its values under `machine_name`.
#[utoipa::path(post, path = "/api/lead-custom-fields", operation_id = "create_lead_custom_field", tag = "pipeline",
    request_body = CreateField, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let input = read(fields)?;
    let id = ctx.app.id();
    change(&ctx, |setup| {
        let (label, shape) = (input.label.clone(), input.shape.clone());
        let field = setup.add_field(id, label, shape, input.required).map_err(refused)?;
        let message = "Custom field created successfully.";
        let created = Created { success: true, field: field.into(), message };
        Ok((Reply::created(&created)?, None))
    })
    .await
}

fn read(mut fields: Fields) -> Result<Input> {
    let label = fields.required_text("label", LABEL);
    let field_type = fields.one_of("field_type", &FieldType::WORDS, FieldType::parse);
    if field_type.is_none() && !fields.is_refused("field_type") {
        fields.refuse("field_type", "is required");
    }
    let options = options(&mut fields).unwrap_or_default();
    let required = fields.flag("required").unwrap_or(false);
    let mut shape = Shape { field_type: field_type.unwrap_or(FieldType::Text), options: Vec::new() };
    if field_type.is_some() && !fields.is_refused("options") {
        match Shape::new(shape.field_type, options) {
            Ok(fits) => shape = fits,
            Err(problem) => fields.refuse("options", problem),
        }
    }
    fields.finish()?;
    Ok(Input { label, shape, required })
}
