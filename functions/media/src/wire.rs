//! What callers see of a media item.

use std::collections::HashMap;

use futures::future::try_join_all;
use serde::Serialize;
use shared::{
    clock,
    domain::media::MediaItem,
    error::{Error, Result},
    files::{Address, download_address},
    http::{ctx::Ctx, subject::SubjectOut},
    ids::{CollectionId, FileId},
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
    #[schema(example = "video", extensions(("x-words" = json!(shared::domain::media::MediaType::WORDS))))]
    media_type: &'static str,
    #[schema(example = "https://youtube.com/watch?v=xyz")]
    url: Option<String>,
    #[schema(example = "https://img.youtube.com/vi/xyz/hqdefault.jpg")]
    thumbnail_url: Option<String>,
    embed_url: Option<String>,
    #[schema(example = "https://youtube.com/watch?v=xyz")]
    /// Of a file that was uploaded: an address that works for a quarter of an hour, and gives it as an attachment.
    download_url: Option<String>,
    /// What was uploaded for it.
    file: Option<FileOut>,
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
    collection_id: Option<CollectionId>,
    #[schema(example = "March Social Media Campaign")]
    collection_name: Option<String>,
}

/// A file that was uploaded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaFile)]
struct FileOut {
    #[schema(example = "clip.mp4")]
    name: String,
    /// As its first bytes say.
    #[schema(example = "video/mp4")]
    content_type: String,
    bytes: u64,
    /// Until when `download_url` works.
    #[schema(example = "2025-01-21T10:45:00Z")]
    download_until: Option<String>,
}

/// What lies beside some items.
pub struct Beside {
    /// Of the collections that exist: one that was deleted is not shown any more.
    titles: HashMap<CollectionId, String>,
    /// Where the files are.
    addresses: HashMap<FileId, Address>,
}

impl Beside {
    /// Looks it up.
    pub async fn of<'i>(ctx: &Ctx, items: impl Iterator<Item = &'i MediaItem> + Clone) -> Result<Self> {
        let filed = items.clone().filter_map(|item| item.collection_id);
        let titles = ctx.repos().collections().titles(filed).await?;
        let each = items
            .filter_map(|item| item.file.as_ref())
            .map(async |file| Ok::<_, Error>((file.id, download_address(&ctx.app, ctx.tenant, file).await?)));
        Ok(Self { titles, addresses: try_join_all(each).await?.into_iter().collect() })
    }
}

impl MediaOut {
    pub fn new(ctx: &Ctx, item: MediaItem, beside: &Beside) -> Self {
        let address = item.file.as_ref().and_then(|file| beside.addresses.get(&file.id));
        let own = |text: Option<&str>| text.map(str::to_owned);
        let (thumbnail_url, embed_url) = (own(item.thumbnail_url()), own(item.embed_url()));
        let sent = item.sent.download_url.clone();
        let given = sent.or_else(|| address.map(|address| address.url.clone()));
        let (download_url, source) = (given.or(own(item.download_url())), own(item.source()));
        let file = item.file.clone().map(|file| FileOut {
            name: file.name,
            content_type: file.content_type,
            bytes: file.bytes,
            download_until: address.map(|address| clock::iso(address.until)),
        });
        let (duration, width, height) = (own(item.duration()), item.width(), item.height());
        let collection = item.collection_id.and_then(|id| beside.titles.get_key_value(&id));
        Self {
            subject: SubjectOut::new(ctx.tenant, item.subject),
            title: item.title,
            media_type: item.media_type.as_str(),
            url: item.sent.url,
            thumbnail_url,
            embed_url,
            download_url,
            file,
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
