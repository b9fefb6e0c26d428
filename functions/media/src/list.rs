use crate::wire::{MediaOut, listed};
use shared::{
    domain::{
        media::{MediaItem, MediaType},
        review::AutomationStatus,
        subject::ExecutionFilter,
        words,
    },
    error::Result,
    http::{
        ctx::Ctx,
        input::{Flag, InQuery, Limit, Text, Word},
        page::{self, DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT},
        reply::Reply,
        shown::Shown,
    },
    ids::{CollectionId, GroupId, Id},
    ops::origin::check_group,
    repo::{indexed::Mark, listing::Row, media::Filter, orgs},
};

shared::input! {
    /// Which media items to list. Everything given must match.
    pub struct ListQuery {
        /// `video`, `image`, `audio` or `file`.
        media_type: Option<Word<MediaType>>,
        /// `pending`, `approved`, `denied` or `regenerate`.
        automation_status: Option<Word<AutomationStatus>>,
        /// `1` for those that a person must decide on.
        human_interaction: Option<Flag>,
        /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
        /// `over` for any of them.
        execution_state: Option<Word<ExecutionFilter>>,
        /// Only those of this client group.
        group_id: Option<GroupId>,
        /// The beginning of words in title, source or tags, whatever their case. What is found comes in the order of the
        /// words.
        search: Option<Text<200>>,
        /// Only what lies in this collection.
        collection_id: Option<CollectionId>,
        /// 1 to 500, default 50.
        limit: Limit<DEFAULT_LIMIT, MAX_LIMIT>,
        /// `next_cursor` of the page before.
        cursor: Option<Text<MAX_CURSOR>>,
    }
    then(fields) {
        from: From = match search.as_deref().map(words::search) {
            None => From::Newest(page::after(fields, cursor.as_deref())),
            Some(text) => {
                let after = page::after_search(fields, &text, cursor.as_deref());
                From::Search(text, after)
            }
        },
    }
}

/// Where the page begins.
#[derive(Debug, Clone)]
enum From {
    Newest(Option<Id>),
    Search(String, Option<Mark>),
}

shared::listing! {
    /// A page of media items.
    Listing as MediaPage { media: MediaOut }
}

/// A page as it was found.
struct Found {
    items: Vec<Row<MediaItem>>,
    is_first: bool,
    next_cursor: Option<String>,
}

/// Lists media items, newest first; with `search`, in the order of the words that were found.
#[utoipa::path(get, path = "/api/media/list", operation_id = "list_media",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let filter = Filter {
        media_type: query.media_type,
        automation_status: query.automation_status,
        human_interaction: query.human_interaction,
        execution_state: query.execution_state,
        group_id: query.group_id,
        collection_id: query.collection_id,
    };
    check_group(&ctx, filter.group_id).await?;
    let is_first = matches!(query.from, From::Newest(None) | From::Search(_, None));
    let found = if is_gone(&ctx, filter.collection_id).await? {
        Found { items: Vec::new(), is_first, next_cursor: None }
    } else {
        find(&ctx, &filter, query.limit, query.from, is_first).await?
    };
    let media = listed(&ctx, found.items).await?;
    Listing::of(media, found.is_first, found.next_cursor)
}

async fn find(ctx: &Ctx, filter: &Filter, limit: usize, from: From, is_first: bool) -> Result<Found> {
    let (text, after) = match from {
        From::Newest(before) => {
            let page = ctx.repos().media().list(filter, limit, before).await?;
            let next_cursor = page.next.map(page::cursor);
            return Ok(Found { items: page.rows(), is_first, next_cursor });
        }
        From::Search(text, after) => (text, after),
    };
    let groups = match filter.group_id {
        Some(id) => vec![id],
        None => orgs::groups(&*ctx.app.store, ctx.tenant).await?.into_iter().map(|group| group.id).collect(),
    };
    let wanted = |item: &MediaItem| filter.matches(item);
    let found = ctx.repos().media().search(&groups, &text, after, limit, wanted).await?;
    let next_cursor = found.next.as_ref().map(page::search_cursor);
    Ok(Found { items: found.rows(), is_first, next_cursor })
}

/// Whether a collection is not there (any more): its items are taken out of it in the background.
async fn is_gone(ctx: &Ctx, collection: Option<CollectionId>) -> Result<bool> {
    match collection {
        Some(id) => Ok(ctx.repos().collections().get(id).await?.is_none()),
        None => Ok(false),
    }
}
