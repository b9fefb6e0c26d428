use futures::{StreamExt, TryStreamExt, stream};
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
};
use utoipa::ToSchema;

use crate::wire::InstallationOut;

/// Installations whose workflows are counted side by side.
const SIDE_BY_SIDE: usize = 32;

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
    let page = ctx.repos().installations().list(limit, before).await?;
    let next = page.next;
    let workflows = ctx.repos().n8n_workflows();
    let ids: Vec<_> = page.found.iter().map(|installation| installation.id).collect();
    let counts = stream::iter(ids).map(|id| workflows.count(id)).buffered(SIDE_BY_SIDE);
    let counts: Vec<_> = counts.try_collect().await?;
    let mut counts = counts.into_iter();
    let show = |installation| Ok(InstallationOut::new(installation, counts.next().unwrap_or_default()));
    let installations = shown(ctx.tenant, page.rows(), |row| row.id, show)?;
    Reply::ok(&Listing {
        count: installations.len(),
        total: (before.is_none() && next.is_none()).then_some(installations.len()),
        installations,
        next_cursor: next.map(page::cursor),
    })
}
