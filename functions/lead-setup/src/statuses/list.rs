use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
};
use utoipa::ToSchema;

use super::{StatusOut, shown};

/// The statuses, in the order in which leads go through them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statuses {
    statuses: Vec<StatusOut>,
    count: usize,
}

/// Lists the statuses of leads, the built-in ones among them.
#[utoipa::path(get, path = "/api/lead-statuses", operation_id = "list_lead_statuses",
    responses((status = 200, description = "All of them.", body = Statuses)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let statuses = shown(&ctx.repos().lead_setups().load().await?.statuses);
    Reply::ok(&Statuses { count: statuses.len(), statuses })
}
