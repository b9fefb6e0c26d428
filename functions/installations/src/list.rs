use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        input::{InQuery, Paging},
        page,
        reply::Reply,
        shown::{Shown, shown},
    },
    ops::installations,
};
use utoipa::ToSchema;

use crate::wire::InstallationOut;

/// A page of installations, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstallationPage)]
pub struct Listing {
    installations: Vec<Shown<InstallationOut>>,
    /// How many are on this page.
    count: usize,
    /// How many there are in all; null while there are further pages.
    total: Option<usize>,
    /// Sent back as `cursor` it gives the next page; null on the last.
    next_cursor: Option<String>,
}

/// Lists the n8n instances that are registered, newest first.
#[utoipa::path(get, path = "/api/installs", operation_id = "list_installations",
    params(Paging), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(Paging { limit, cursor: before }): InQuery<Paging>) -> Result<Reply> {
    let (page, counts) = installations::list(&ctx, limit, before).await?;
    let (next, mut counts) = (page.next, counts.into_iter());
    let show = |installation| Ok(InstallationOut::new(installation, counts.next().unwrap_or_default()));
    let installations = shown(ctx.tenant, page.rows(), |row| row.id, show)?;
    Reply::ok(&Listing {
        count: installations.len(),
        total: (before.is_none() && next.is_none()).then_some(installations.len()),
        installations,
        next_cursor: next.map(page::cursor),
    })
}
