use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        fields::MAX_WHOLE,
        origin::check_group,
        page,
        reply::Reply,
        shown::{Shown, shown},
    },
    repo::chats::Filter,
};
use utoipa::{IntoParams, ToSchema};

use super::{input::status, wire::ChatOut};

/// Which chats to list. Everything given must match.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct ListQuery {
    /// `active`, `completed` or `abandoned`.
    status: Option<String>,
    group_id: Option<u64>,
    /// Text to find in session id and title, whatever its case.
    #[param(max_length = 200)]
    q: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 400)]
    cursor: Option<String>,
    /// Number of the page, from 0, where there is no cursor. Reaches the newest 1000 matches.
    #[param(maximum = 999)]
    page: Option<u32>,
}

/// A page of chats, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatPage)]
pub struct Listing {
    chats: Vec<Shown<ChatOut>>,
    /// How many are on this page.
    count: usize,
    /// How many match in all; null while there are further pages.
    total: Option<usize>,
    /// Sent back as `cursor` it gives the next page; null on the last.
    next_cursor: Option<String>,
}

/// How deep a page number reaches. What lies before the page has to be read as well; a cursor costs nothing.
const DEPTH: usize = 1000;

/// Lists chats without their messages, those that began last first.
#[utoipa::path(get, path = "/api/chats/list", operation_id = "list_chats", tag = "chats",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let (limit, before) = page::read(&mut fields);
    let filter = Filter {
        status: status(&mut fields),
        group_id: fields.id("group_id"),
        search: fields.text("q", 200).map(|text| text.to_lowercase()),
    };
    let number = fields.whole("page", MAX_WHOLE).and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    let skipped = if before.is_none() { number.saturating_mul(limit) } else { 0 };
    if skipped >= DEPTH {
        fields.refuse("page", format!("reaches the newest {DEPTH} only; follow next_cursor for older ones"));
    }
    fields.finish()?;
    check_group(&ctx, filter.group_id).await?;
    let found = ctx.repos().chats().list(&filter, skipped + limit, before).await?;
    let next = found.next;
    let known = found.len();
    let show = |chat| Ok(ChatOut::from(chat));
    let mut chats = shown(ctx.tenant, found.rows(), |chat| chat.id, show)?;
    chats.drain(..skipped.min(known));
    Reply::ok(&Listing {
        count: chats.len(),
        chats,
        total: (before.is_none() && next.is_none()).then_some(known),
        next_cursor: next.map(page::cursor),
    })
}
