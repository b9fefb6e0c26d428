use futures::future::try_join;
use shared::{
    error::{OrNotFound, Result},
    http::{ctx::Ctx, extract::PathId, reply::Reply},
    ids::LeadId,
};

use crate::wire::LeadOut;

/// Shows one lead with its custom fields.
#[utoipa::path(get, path = "/api/leads/{id}", operation_id = "get_lead",
    params(("id" = u64, Path, description = "Id of the lead.", example = 101)),
    responses((status = 200, description = "The lead.", body = LeadOut)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<LeadId>) -> Result<Reply> {
    let (leads, setups) = (ctx.repos().leads(), ctx.repos().lead_setups());
    let (lead, setup) = try_join(leads.get(id), setups.load()).await?;
    Reply::ok(&LeadOut::new(ctx.tenant, lead.or_not_found("record")?, &setup))
}
