//! The fields of a media item as callers send them.

use shared::{
    domain::{
        media::{Details, MediaType},
        media_url,
    },
    error::Result,
    http::{
        fields::{Fields, MAX_URL},
        form::Part,
        origin::Origin,
    },
    ops::{
        files::SentFile,
        media::{Filing, NewMedia},
    },
};
use utoipa::ToSchema;

/// Tags of a list.
const MAX_TAGS: usize = 50;
/// Characters of one of them.
const MAX_TAG: usize = 100;
/// Characters of all of them, as one text.
const MAX_TAGS_TEXT: usize = 6000;

/// A media item to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `new_media` reads leniently")]
pub struct CreateMedia {
    /// Display name.
    #[schema(max_length = 500, example = "Product Hero Video")]
    title: String,
    /// `video`, `image`, `audio` or `file`.
    #[schema(example = "video")]
    media_type: String,
    /// Where it is. What the address of a YouTube or Vimeo video tells is filled in where it is not sent: source,
    /// embeddable address, picture; duration and size follow when the site has been asked. `source_url` is accepted as
    /// well.
    #[schema(format = "uri", example = "https://youtube.com/watch?v=xyz")]
    url: Option<String>,
    #[schema(format = "uri", example = "https://img.youtube.com/vi/xyz/hqdefault.jpg")]
    thumbnail_url: Option<String>,
    #[schema(format = "uri")]
    embed_url: Option<String>,
    /// `url` when left out.
    #[schema(format = "uri")]
    download_url: Option<String>,
    /// Name of the site.
    #[schema(max_length = 100, example = "YouTube")]
    source: Option<String>,
    /// Duration as people write it.
    #[schema(max_length = 50, example = "1:02")]
    duration: Option<String>,
    /// Size as people write it.
    #[schema(max_length = 50, example = "12 MB")]
    file_size: Option<String>,
    /// Pixels.
    #[schema(example = 1920)]
    width: Option<u32>,
    /// Pixels.
    #[schema(example = 1080)]
    height: Option<u32>,
    #[schema(max_length = 10_000, example = "Main hero video for product launch")]
    description: Option<String>,
    /// Separated by commas. A list of up to 50 texts of 100 characters is taken as well.
    #[schema(max_length = 6000, example = "product, launch, hero")]
    tags: Option<String>,
    /// Free status.
    #[schema(max_length = 200)]
    status: Option<String>,
    /// A collection of the same client group.
    collection_id: Option<u64>,
    /// Title of a collection, which is created if there is none of that title. Goes before `collection_id`. `collection`
    /// is accepted as well.
    #[schema(max_length = 255, example = "March Social Media Campaign")]
    collection_name: Option<String>,
    /// The n8n instance.
    #[schema(example = 45)]
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(max_length = 200, example = "abc123")]
    workflow_id: Option<String>,
    /// n8n's id of the execution: needed to resume it.
    #[schema(max_length = 200, example = "exec-789")]
    execution_id: Option<String>,
    /// `$execution.resumeUrl`: newer n8n versions resume only with its signature. One that lies
    /// neither below the installation's host nor below its webhook URL is called there, and `warnings` says so.
    #[schema(format = "uri")]
    resume_url: Option<String>,
    /// Headers that the Wait node asks its callers for (Header Auth, Basic Auth): up to five names and texts, kept sealed and
    /// sent with the decision.
    #[schema(value_type = Option<Object>)]
    resume_headers: Option<String>,
    /// The node that asks, by its id (`$nodeId`) or name: after *regenerate* the same one renews what it asked for, else
    /// the same title does.
    #[schema(max_length = 200)]
    node: Option<String>,
    /// Whether a person must decide before the workflow goes on.
    human_interaction: Option<bool>,
    /// Whether the reviewer may ask for another attempt.
    allow_regenerate: Option<bool>,
    /// `pending` (default), `approved` or `denied`.
    #[schema(example = "pending")]
    automation_status: Option<String>,
    /// Client group, instead of the installation's or the key's.
    group_id: Option<u64>,
    /// A file that was uploaded before (`POST /api/media/uploads`).
    upload_id: Option<u64>,
}

/// A media item with its file: the same fields as texts, and one part with a file name.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form that `Posted` reads")]
pub struct CreateMediaForm {
    #[schema(max_length = 500, example = "Product Hero Video")]
    title: String,
    #[schema(example = "image")]
    media_type: String,
    /// The file, in a part of any name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Longest title of a collection: folded and escaped it is a sort key, which ends at 1,024 bytes.
pub const TITLE: usize = 255;

pub fn new_media(mut fields: Fields, file: Option<Part>) -> Result<NewMedia> {
    aliases(&mut fields);
    let title = fields.required_text("title", 500);
    let media_type = media_type(&mut fields);
    if media_type.is_none() && !fields.is_refused("media_type") {
        fields.refuse("media_type", "is required");
    }
    let (details, filing) = (details(&mut fields), filing(&mut fields));
    let (origin, upload_id) = (Origin::read(&mut fields), fields.id("upload_id"));
    fields.finish()?;
    let media_type = media_type.ok_or_else(|| shared::error::Error::internal("a refused field passed"))?;
    let file = file.map(|part| SentFile {
        field: part.field,
        name: part.file_name,
        content_type: part.content_type,
        bytes: part.bytes,
    });
    Ok(NewMedia { title, media_type, details, filing, origin, file, upload_id })
}

/// `collection_name` goes before `collection_id`; 0 takes the item out.
pub fn filing(fields: &mut Fields) -> Filing {
    // Read even where it does not count: what is wrong with it is said.
    let id = fields.id_or_none("collection_id");
    if let Some(title) = fields.text("collection_name", TITLE) {
        return Filing::Called(title);
    }
    match id {
        None => Filing::Stays,
        Some(None) => Filing::Out,
        Some(Some(id)) => Filing::Id(id),
    }
}

/// The names that the vendor's node sends.
pub fn aliases(fields: &mut Fields) {
    fields.alias("url", "source_url");
    fields.alias("collection_name", "collection");
}

pub fn media_type(fields: &mut Fields) -> Option<MediaType> {
    fields.one_of("media_type", &MediaType::WORDS, MediaType::parse)
}

pub fn details(fields: &mut Fields) -> Details {
    Details {
        url: address(fields, "url"),
        thumbnail_url: address(fields, "thumbnail_url"),
        embed_url: address(fields, "embed_url"),
        download_url: address(fields, "download_url"),
        source: fields.text("source", 100),
        duration: fields.text("duration", 50),
        file_size: fields.text("file_size", 50),
        width: pixels(fields, "width"),
        height: pixels(fields, "height"),
        description: fields.text("description", 10_000),
        tags: tags(fields),
        status: fields.text("status", 200),
    }
}

/// An address, as it was sent once it is known to be one: a page may put it into a link.
fn address(fields: &mut Fields, name: &str) -> Option<String> {
    fields.url(name)?;
    // Copied out of a page's source, a signed address is not what was signed.
    fields.text(name, MAX_URL).map(|address| media_url::unescaped(&address))
}

/// Tags as one text, however they were sent: separated by commas, or a list, be it as JSON or as its text.
fn tags(fields: &mut Fields) -> Option<String> {
    let sent = fields.json("tags")?;
    if !sent.part().is_list() {
        return fields.text("tags", MAX_TAGS_TEXT);
    }
    let mut tags = Vec::new();
    for item in sent.part().items().filter(|item| !item.is_null()) {
        let tag = item.text_or_digits().map(|tag| tag.trim().to_owned());
        match tag.filter(|tag| tag.chars().count() <= MAX_TAG && tags.len() < MAX_TAGS) {
            Some(tag) => tags.extend(Some(tag).filter(|tag| !tag.is_empty())),
            None => {
                fields.refuse("tags", format!("must be at most {MAX_TAGS} texts of {MAX_TAG} characters"));
                return None;
            }
        }
    }
    (!tags.is_empty()).then(|| tags.join(", "))
}

fn pixels(fields: &mut Fields, name: &str) -> Option<u32> {
    fields.whole(name, u64::from(u32::MAX)).and_then(|pixels| u32::try_from(pixels).ok())
}
