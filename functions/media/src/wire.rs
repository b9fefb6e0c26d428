//! What callers see of a media item.

use std::collections::HashMap;

use serde::Serialize;
use shared::{
    domain::media::MediaItem,
    error::Result,
    http::{
        ctx::Ctx,
        shown::{self, Shown},
        subject::SubjectOut,
    },
    ids::Id,
    repo::listing::Row,
};
use utoipa::ToSchema;

/// One media item.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaOut {
    #[serde(flatten)]
    subject: SubjectOut,
    #[schema(example = "Product Hero Video")]
    title: String,
    /// `video`, `image`, `audio` or `file`.
    #[schema(example = "video")]
    media_type: &'static str,
    #[schema(example = "https://youtube.com/watch?v=xyz")]
    url: Option<String>,
    #[schema(example = "https://img.youtube.com/vi/xyz/hqdefault.jpg")]
    thumbnail_url: Option<String>,
    embed_url: Option<String>,
    #[schema(example = "https://youtube.com/watch?v=xyz")]
    download_url: Option<String>,
    /// Name of the site.
    #[schema(example = "YouTube")]
    source: Option<String>,
    /// `youtube`, `vimeo`, or null for an address of neither.
    #[schema(example = "youtube")]
    provider: Option<String>,
    duration: Option<String>,
    file_size: Option<String>,
    /// Pixels. What a video site told is the size that fits into 1920 × 1080.
    width: Option<u32>,
    height: Option<u32>,
    #[schema(example = "Main hero video for product launch")]
    description: Option<String>,
    #[schema(example = "product, launch, hero")]
    tags: Option<String>,
    /// Free status that the workflow sent.
    status: Option<String>,
    #[schema(value_type = Option<u64>, example = 1)]
    collection_id: Option<Id>,
    #[schema(example = "March Social Media Campaign")]
    collection_name: Option<String>,
}

impl MediaOut {
    /// `titles` are those of the collections that exist: one that was deleted is not shown any more.
    fn new(ctx: &Ctx, item: MediaItem, titles: &HashMap<Id, String>) -> Self {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let (thumbnail_url, embed_url) = (own(item.thumbnail_url()), own(item.embed_url()));
        let (download_url, source) = (own(item.download_url()), own(item.source()));
        let (duration, width, height) = (own(item.duration()), item.width(), item.height());
        let collection = item.collection_id.and_then(|id| titles.get_key_value(&id));
        Self {
            subject: SubjectOut::new(ctx.tenant(), item.subject),
            title: item.title,
            media_type: item.media_type.as_str(),
            url: item.sent.url,
            thumbnail_url,
            embed_url,
            download_url,
            source,
            provider: item.derived.provider,
            duration,
            file_size: item.sent.file_size,
            width,
            height,
            description: item.sent.description,
            tags: item.sent.tags,
            status: item.sent.status,
            collection_id: collection.map(|(id, _)| *id),
            collection_name: collection.map(|(_, title)| title.clone()),
        }
    }
}

/// A media item as it is shown, with the collection that it lies in.
pub async fn shown(ctx: &Ctx, item: MediaItem) -> Result<MediaOut> {
    let titles = ctx.collections().titles(item.collection_id.into_iter()).await?;
    Ok(MediaOut::new(ctx, item, &titles))
}

/// Media items as a list shows them.
pub async fn listed(ctx: &Ctx, rows: Vec<Row<MediaItem>>) -> Result<Vec<Shown<MediaOut>>> {
    let filed = rows.iter().flatten().filter_map(|item| item.collection_id);
    let titles = ctx.collections().titles(filed).await?;
    let show = |item| Ok(MediaOut::new(ctx, item, &titles));
    shown::shown(ctx.tenant(), rows, |item| item.subject.id, show)
}
