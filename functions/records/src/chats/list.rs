use super::wire::ChatOut;
use shared::{
    domain::chat::ChatStatus,
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, MAX_WHOLE, code},
        input::{Asked, Cursor, Field, InQuery, Limit, Schema, Text, Whole, Word},
        page::{DEFAULT_LIMIT, MAX_LIMIT},
        reply::Reply,
    },
    ids::GroupId,
    ops::chats,
    repo::chats::Filter,
};

shared::input! {
    /// Which chats to list. Everything given must match.
    pub struct ListQuery {
        /// `active`, `completed` or `abandoned`.
        status: Option<Word<ChatStatus>>,
        /// Only those of this client group.
        group_id: Option<GroupId>,
        /// Text to find in session id and title, whatever its case.
        q: Option<Text<200>>,
        /// 1 to 500, default 50.
        limit: Limit<DEFAULT_LIMIT, MAX_LIMIT>,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
        /// Number of the page, from 0, where there is no cursor. Reaches the newest 1000 matches.
        page: Option<PageNumber>,
    }
    then(fields) {
        skipped: usize = {
            let skipped = if cursor.is_none() { page.unwrap_or(0).saturating_mul(limit) } else { 0 };
            if skipped >= DEPTH {
                let problem = format!("reaches the newest {DEPTH} only; follow next_cursor for older ones");
                fields.refuse_as("page", code::TOO_LARGE, problem);
            }
            skipped
        },
    }
}

/// The number of a page. How far numbers reach depends on how much is on a page.
struct PageNumber;

impl Field for PageNumber {
    type Value = usize;

    fn read(fields: &mut Fields, name: &str) -> Option<usize> {
        let number = fields.whole(name, MAX_WHOLE)?;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    fn schema(asked: Asked) -> Schema {
        Whole::<{ DEPTH as u64 - 1 }>::schema(asked)
    }
}

shared::listing! {
    /// A page of chats, newest first.
    Listing as ChatPage { chats: ChatOut }
}

/// How deep a page number reaches. What lies before the page has to be read as well; a cursor costs nothing.
const DEPTH: usize = 1000;

/// Lists chats without their messages, those that began last first.
#[utoipa::path(get, path = "/api/chats/list", operation_id = "list_chats",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let ListQuery { limit, cursor: before, skipped, .. } = query;
    let filter = Filter {
        status: query.status,
        group_id: query.group_id,
        search: query.q.map(|text| text.to_lowercase()),
    };
    let found = chats::list(&ctx, &filter, skipped + limit, before).await?.without_first(skipped);
    Listing::of(ctx.tenant, found, |chat| chat.id, |chat| Ok(chat.into()))
}
