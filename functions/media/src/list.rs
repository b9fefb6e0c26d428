use crate::wire::{Beside, MediaOut};
use shared::{
    domain::{media::MediaType, review::AutomationStatus, subject::ExecutionFilter, words},
    error::Result,
    http::{
        ctx::Ctx,
        input::{Flag, InQuery, Limit, Text, Word},
        page::{self, DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT},
        reply::Reply,
    },
    ids::{CollectionId, GroupId},
    ops::{lists::Begin, media},
    repo::media::Filter,
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
        begin: Begin = page::begin(fields, search.as_deref().map(words::search), cursor.as_deref()),
    }
}

shared::listing! {
    /// A page of media items.
    Listing as MediaPage { media: MediaOut }
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
    let found = media::list(&ctx, &filter, query.begin, query.limit).await?;
    let beside = Beside::of(&ctx, found.rows.iter().flatten()).await?;
    Listing::of(ctx.tenant, found, |item| item.subject.id, |item| Ok(MediaOut::new(&ctx, item, &beside)))
}
