use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        dialect::c,
        input::{Between, Cursor, InQuery},
        page::{Cut, Part},
        reply::Reply,
        shown::{Shown, shown},
    },
    ops::projects,
    repo::pages::REACH,
};
use utoipa::ToSchema;

use super::wire::ProjectOut;

/// Projects of a part, unless the caller wants fewer.
pub const PER_PAGE: u32 = REACH as u32;

shared::input! {
    /// Which part of the projects; all of them when left out.
    pub struct ListQuery {
        /// From 1 on, which is the default. Pages reach the newest 1,000; `cursor` reaches all.
        page: Option<Between<1, { u32::MAX }>>,
        /// 1 to 1,000; when left out 1,000, or 100 where `page` is sent.
        per_page: Option<Between<1, PER_PAGE>>,
        /// `next_cursor` of the part before.
        cursor: Option<Cursor>,
    }
    then(fields) {
        // Whoever counts pages means to read several.
        part: Part = Part::of(fields, page, per_page, cursor, if page.is_some() { 100 } else { PER_PAGE })?,
    }
}

/// The projects, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = ProjectList)]
#[expect(dead_code, reason = "describes what the envelope of the dialect makes of the list")]
pub struct Listing {
    projects: Vec<Shown<ProjectOut>>,
    /// How many there are in all.
    #[schema(example = 1)]
    total_count: Option<u64>,
    /// Sent back as `cursor` it gives what follows; absent at the end.
    next_cursor: Option<String>,
}

/// Lists the projects, newest first.
#[utoipa::path(get, path = "/api/v1/projects", operation_id = "list_projects",
    params(ListQuery), responses((status = 200, description = "The projects.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(ListQuery { part, .. }): InQuery<ListQuery>) -> Result<Reply> {
    let cut = Cut::from(projects::list(&ctx, part.asked).await?);
    let show = |project| Ok(ProjectOut::new(&project));
    let items = shown(ctx.tenant, cut.rows, |project| project.id, show)?;
    c::list(&c::Listing {
        plural: "projects",
        items: &items,
        total_count: cut.total,
        next_cursor: cut.next_cursor,
    })
}
