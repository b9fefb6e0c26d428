use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
};
use utoipa::ToSchema;

use super::FieldOut;

/// The custom fields, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomFields {
    fields: Vec<FieldOut>,
    count: usize,
}

/// Lists the custom fields of leads.
#[utoipa::path(get, path = "/api/lead-custom-fields", operation_id = "list_lead_custom_fields",
    responses((status = 200, description = "All of them.", body = CustomFields)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let setup = ctx.repos().lead_setups().load().await?;
    let fields: Vec<_> = setup.fields.iter().map(FieldOut::from).collect();
    Reply::ok(&CustomFields { count: fields.len(), fields })
}
