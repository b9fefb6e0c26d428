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
    ops::api_keys,
    repo::pages::REACH,
};
use utoipa::ToSchema;

use crate::wire::KeyOut;

/// Keys of a part, unless the caller wants fewer.
pub const PER_PAGE: u32 = REACH as u32;

shared::input! {
    /// Which part of the keys; all of them when left out.
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

/// The keys, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = ApiKeyList)]
#[expect(dead_code, reason = "describes what the envelope of the dialect makes of the list")]
pub struct Listing {
    api_keys: Vec<Shown<KeyOut>>,
    /// How many there are in all; null where there are too many to count.
    #[schema(example = 1)]
    total_count: Option<u64>,
    /// Sent back as `cursor` it gives what follows; absent at the end.
    next_cursor: Option<String>,
}

/// Lists API keys without their texts, newest first, with those that ended in the last 90 days.
#[utoipa::path(get, path = "/api/v1/api_keys", operation_id = "list_api_keys",
    params(ListQuery), responses((status = 200, description = "The keys.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(ListQuery { part, .. }): InQuery<ListQuery>) -> Result<Reply> {
    let cut = Cut::from(api_keys::list(&ctx, part.asked).await?);
    let show = |key| Ok(KeyOut::new(&key, ctx.now));
    let items = shown(ctx.tenant, cut.rows, |key| key.id, show)?;
    c::list(&c::Listing {
        plural: "api_keys",
        items: &items,
        total_count: cut.total,
        next_cursor: cut.next_cursor,
    })
}
