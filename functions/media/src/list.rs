use serde::Serialize;
use shared::{
    domain::{media::MediaItem, review::AutomationStatus, words},
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        fields::Fields,
        origin::{automation_status, check_group, execution_state},
        page,
        reply::Reply,
        shown::Shown,
    },
    ids::CollectionId,
    repo::{listing::Row, media::Filter, orgs},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    input,
    wire::{MediaOut, listed},
};

/// Which media items to list. Everything given must match.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct ListQuery {
    /// `video`, `image`, `audio` or `file`.
    media_type: Option<String>,
    /// `pending`, `approved`, `denied` or `regenerate`.
    automation_status: Option<String>,
    /// `1` for those that a person must decide on.
    human_interaction: Option<u8>,
    /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
    /// `over` for any of them.
    execution_state: Option<String>,
    group_id: Option<u64>,
    /// The beginning of words in title, source or tags, whatever their case. What is found comes in the order of the
    /// words.
    #[param(max_length = 200)]
    search: Option<String>,
    /// Only what lies in this collection.
    collection_id: Option<u64>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 400)]
    cursor: Option<String>,
}

/// A page of media items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaPage)]
pub struct Listing {
    media: Vec<Shown<MediaOut>>,
    /// How many are on this page.
    count: usize,
    /// How many match in all; null while there are further pages.
    total: Option<usize>,
    /// Sent back as `cursor` it gives the next page; null on the last.
    next_cursor: Option<String>,
}

/// A page as it was found.
struct Found {
    items: Vec<Row<MediaItem>>,
    is_first: bool,
    next_cursor: Option<String>,
}

/// Lists media items, newest first; with `search`, in the order of the words that were found.
#[utoipa::path(get, path = "/api/media/list", operation_id = "list_media", tag = "media",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let filter = Filter {
        media_type: input::media_type(&mut fields),
        automation_status: automation_status(&mut fields, &AutomationStatus::ALL),
        human_interaction: fields.flag("human_interaction"),
        execution_state: execution_state(&mut fields),
        group_id: fields.id("group_id"),
        collection_id: fields.id("collection_id"),
    };
    let found = match fields.text("search", 200).map(|text| words::search(&text)) {
        Some(text) => search(&ctx, fields, &filter, &text).await?,
        None => newest(&ctx, fields, &filter).await?,
    };
    let media = listed(&ctx, found.items).await?;
    Reply::ok(&Listing {
        count: media.len(),
        total: (found.is_first && found.next_cursor.is_none()).then_some(media.len()),
        media,
        next_cursor: found.next_cursor,
    })
}

async fn newest(ctx: &Ctx, mut fields: Fields, filter: &Filter) -> Result<Found> {
    let (limit, before) = page::read(&mut fields);
    fields.finish()?;
    check_group(ctx, filter.group_id).await?;
    if is_gone(ctx, filter.collection_id).await? {
        return Ok(Found { items: Vec::new(), is_first: before.is_none(), next_cursor: None });
    }
    let page = ctx.repos().media().list(filter, limit, before).await?;
    let next_cursor = page.next.map(page::cursor);
    Ok(Found { items: page.rows(), is_first: before.is_none(), next_cursor })
}

async fn search(ctx: &Ctx, mut fields: Fields, filter: &Filter, text: &str) -> Result<Found> {
    let (limit, after) = page::read_search(&mut fields, text);
    fields.finish()?;
    check_group(ctx, filter.group_id).await?;
    let is_first = after.is_none();
    if is_gone(ctx, filter.collection_id).await? {
        return Ok(Found { items: Vec::new(), is_first, next_cursor: None });
    }
    let groups = match filter.group_id {
        Some(id) => vec![id],
        None => orgs::groups(&*ctx.app.store, ctx.tenant).await?.into_iter().map(|group| group.id).collect(),
    };
    let wanted = |item: &MediaItem| filter.matches(item);
    let found = ctx.repos().media().search(&groups, text, after, limit, wanted).await?;
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
