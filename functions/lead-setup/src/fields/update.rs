use shared::{
    domain::custom_field::{CustomField, Shape},
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{Flag, InBody, Kept, Text, Unspoken},
        reply::Reply,
    },
    ids::FieldId,
    ops::lead_setup,
};

use super::{LABEL, Options};
use crate::wire::Changed;

shared::input! {
    /// What to change; what is left out stays. Type and machine name stay for good.
    pub struct UpdateField {
        #[example("Size of the deal")]
        label: Kept<Text<LABEL>>,
        /// Replaces the options of a select. Leads keep values that are no option any more.
        #[example(["Small", "Medium", "Large"])]
        options: Option<Options>,
        required: Option<Flag>,
        field_type: Unspoken<Text<LABEL>>,
        machine_name: Unspoken<Text<LABEL>>,
    }
}

/// Changes label, options or the required flag of a custom field.
#[utoipa::path(patch, path = "/api/lead-custom-fields/{id}", operation_id = "update_lead_custom_field", params(("id" = u64, Path, description = "Id of the field.", example = 21)),
    request_body = UpdateField, responses((status = 200, description = "Changed.", body = Changed)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<FieldId>,
    InBody(patch): InBody<UpdateField>,
) -> Result<Reply> {
    let decide = move |field: &mut CustomField| apply(patch.clone(), field);
    let render = |id: &FieldId| Changed::reply(*id, "Custom field updated successfully.");
    ctx.answer(render, async |act| lead_setup::update_field(act, id, decide).await).await
}

fn apply(patch: UpdateField, field: &mut CustomField) -> Result<()> {
    let mut problems = Fields::default();
    // Whoever sends a whole field back sends these too: what they are may be repeated.
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
