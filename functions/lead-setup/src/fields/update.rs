use shared::{
    domain::custom_field::{CustomField, Shape},
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
};
use utoipa::ToSchema;

use super::{LABEL, options};
use crate::change::{Changed, change, refused};

/// What to change; what is left out stays. Type and machine name stay for good.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct UpdateField {
    #[schema(min_length = 1, max_length = 200, example = "Size of the deal")]
    label: Option<String>,
    /// Replaces the options of a select. Leads keep values that are no option any more.
    #[schema(max_items = 200, example = json!(["Small", "Medium", "Large"]))]
    options: Option<Vec<String>>,
    required: Option<bool>,
}

#[derive(Clone)]
struct Patch {
    label: Option<String>,
    options: Option<Vec<String>>,
    required: Option<bool>,
    /// What the caller takes the fixed parts to be.
    field_type: Option<String>,
    machine_name: Option<String>,
}

/// Changes label, options or the required flag of a custom field.
#[utoipa::path(patch, path = "/api/lead-custom-fields/{id}", operation_id = "update_lead_custom_field",
    tag = "pipeline", params(("id" = u64, Path, description = "Id of the field.", example = 21)),
    request_body = UpdateField, responses((status = 200, description = "Changed.", body = Changed)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, fields: Fields) -> Result<Reply> {
    let patch = read(fields)?;
    change(&ctx, |setup| {
        apply(patch.clone(), setup.field_mut(id).map_err(refused)?)?;
        let changed = Changed { success: true, id, message: "Custom field updated successfully." };
        Ok((Reply::ok(&changed)?, None))
    })
    .await
}

fn read(mut fields: Fields) -> Result<Patch> {
    let patch = Patch {
        label: fields.kept_text("label", LABEL),
        options: options(&mut fields),
        required: fields.flag("required"),
        field_type: fields.text("field_type", LABEL),
        machine_name: fields.text("machine_name", LABEL),
    };
    fields.finish()?;
    Ok(patch)
}

fn apply(patch: Patch, field: &mut CustomField) -> Result<()> {
    // Whoever sends a whole field back sends these too: what they are may be repeated.
    let mut problems = Fields::default();
    if patch.field_type.is_some_and(|sent| sent != field.field_type.as_str()) {
        problems.refuse("field_type", "cannot be changed");
    }
    if patch.machine_name.is_some_and(|sent| sent != field.machine_name) {
        problems.refuse("machine_name", "cannot be changed");
    }
    match patch.options.map(|options| Shape::new(field.field_type, options)).transpose() {
        Ok(shape) => field.options = shape.map_or(std::mem::take(&mut field.options), |shape| shape.options),
        Err(problem) => problems.refuse("options", problem),
    }
    problems.finish()?;
    field.label = patch.label.unwrap_or(std::mem::take(&mut field.label));
    field.required = patch.required.unwrap_or(field.required);
    Ok(())
}
