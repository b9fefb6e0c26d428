use serde::Serialize;
use shared::{
    domain::custom_field::{CustomField, FieldType, Shape},
    error::Result,
    http::{
        ctx::Ctx,
        input::{Flag, InBody, OrDefault, Text, Word},
        reply::Reply,
    },
    ops::lead_setup,
};
use utoipa::ToSchema;

use super::{FieldOut, LABEL, Options};

shared::input! {
    /// A custom field to create.
    pub struct CreateField {
        /// Its machine name is made from this, once.
        #[example("Deal size")]
        label: Text<LABEL>,
        /// `text`, `textarea`, `number`, `date`, `select`, `checkbox` or `url`.
        #[example("select")]
        field_type: Word<FieldType>,
        /// What a select may hold: 1 to 200 texts. Not for the other types.
        #[example(["Small", "Large"])]
        options: OrDefault<Options>,
        /// Whether a new lead must have it.
        required: OrDefault<Flag>,
    }
    then(fields) {
        /// What it holds.
        shape: Shape = {
            let field_type = field_type.filter(|_| !fields.is_refused("options"))?;
            Shape::new(field_type, options.clone()).map_err(|problem| fields.refuse("options", problem)).ok()?
        },
    }
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

/// Creates a custom field. Leads take and show its values under `machine_name`.
#[utoipa::path(post, path = "/api/lead-custom-fields", operation_id = "create_lead_custom_field",
    request_body = CreateField, responses((status = 201, description = "Stored.", body = Created)))]
pub async fn handler(ctx: Ctx, InBody(new): InBody<CreateField>) -> Result<Reply> {
    let CreateField { label, shape, required, .. } = new;
    ctx.answer(created, async |act| lead_setup::create_field(act, label, shape, required).await).await
}

fn created(field: &CustomField) -> Result<Reply> {
    let message = "Custom field created successfully.";
    Reply::created(&Created { success: true, field: field.into(), message })
}
