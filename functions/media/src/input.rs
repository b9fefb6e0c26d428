//! The fields of a media item as callers send them.

use shared::{
    config::MAX_BODY_BYTES,
    domain::{
        media::{Details, MediaType},
        media_url,
    },
    http::{
        fields::{Fields, MAX_URL, code},
        form::Part,
        input::{
            Asked, Between, Field, Flat, IdOrNone, PostedFrom, Schema, Text, Url, Word,
            describe::{self, object, plain},
            json,
        },
    },
    ids::{CollectionId, FileId},
    ops::{
        files::SentFile,
        media::{Filing, NewMedia},
    },
};
use utoipa::{PartialSchema, ToSchema, openapi};

/// Tags of a list.
const MAX_TAGS: usize = 50;
/// Characters of one of them.
const MAX_TAG: usize = 100;
/// Characters of all of them, as one text.
const MAX_TAGS_TEXT: usize = 6000;
/// Longest title of a collection: folded and escaped it is a sort key, which ends at 1,024 bytes.
pub const TITLE: usize = 255;

shared::input! {
    /// What is said of a media item.
    pub struct MediaFields {
        /// Where it is. What the address of a YouTube or Vimeo video tells is filled in where it is not sent: source,
        /// embeddable address, picture; duration and size follow when the site has been asked. Another address is read anew;
        /// what was sent before stays. `source_url` is accepted as well.
        #[example("https://youtube.com/watch?v=xyz")]
        #[alias("source_url")]
        url: Option<Address>,
        #[example("https://img.youtube.com/vi/xyz/hqdefault.jpg")]
        thumbnail_url: Option<Address>,
        embed_url: Option<Address>,
        /// `url` when left out.
        download_url: Option<Address>,
        /// Name of the site.
        #[example("YouTube")]
        source: Option<Text<100>>,
        /// Duration as people write it.
        #[example("1:02")]
        duration: Option<Text<50>>,
        /// Size as people write it.
        #[example("12 MB")]
        file_size: Option<Text<50>>,
        /// Pixels.
        #[example(1920)]
        width: Option<Pixels>,
        /// Pixels.
        #[example(1080)]
        height: Option<Pixels>,
        #[example("Main hero video for product launch")]
        description: Option<Text<10_000>>,
        /// Separated by commas. A list of up to 50 texts of 100 characters is taken as well.
        #[example("product, launch, hero")]
        tags: Option<Tags>,
        /// Free status.
        status: Option<Text<200>>,
        /// A collection of the same client group; 0 takes the item out of its collection.
        collection_id: Option<IdOrNone<CollectionId>>,
        /// Title of a collection, which is created if there is none of that title. Goes before `collection_id`. `collection`
        /// is accepted as well.
        #[example("March Social Media Campaign")]
        #[alias("collection")]
        collection_name: Option<Text<TITLE>>,
    }
}

type Pixels = Between<0, { u32::MAX }>;

impl MediaFields {
    /// The details, and where the item goes.
    pub fn into_details(self) -> (Details, Filing) {
        let filing = match (self.collection_name, self.collection_id) {
            (Some(title), _) => Filing::Called(title),
            (None, Some(Some(id))) => Filing::Id(id),
            (None, Some(None)) => Filing::Out,
            (None, None) => Filing::Stays,
        };
        let details = Details {
            url: self.url,
            thumbnail_url: self.thumbnail_url,
            embed_url: self.embed_url,
            download_url: self.download_url,
            source: self.source,
            duration: self.duration,
            file_size: self.file_size,
            width: self.width,
            height: self.height,
            description: self.description,
            tags: self.tags,
            status: self.status,
        };
        (details, filing)
    }
}

shared::input! {
    /// A media item to create.
    pub struct CreateMedia {
        /// Display name.
        #[example("Product Hero Video")]
        title: Text<500>,
        /// `video`, `image`, `audio` or `file`.
        #[example("video")]
        media_type: Word<MediaType>,
        fields: Flat<MediaFields>,
        origin: Flat<PostedFrom>,
        /// A file that was uploaded before (`POST /api/media/uploads`).
        upload_id: Option<FileId>,
    }
}

impl CreateMedia {
    /// The item to make, with the file that came with it.
    pub fn with(self, file: Option<Part>) -> NewMedia {
        let (details, filing) = self.fields.into_details();
        let file = file.map(|part| SentFile {
            field: part.field,
            name: part.file_name,
            content_type: part.content_type,
            bytes: part.bytes,
        });
        let (origin, upload_id) = (self.origin.into(), self.upload_id);
        NewMedia { title: self.title, media_type: self.media_type, details, filing, origin, file, upload_id }
    }
}

/// The form that [`CreateMedia`] may come as.
pub struct CreateMediaForm;

impl PartialSchema for CreateMediaForm {
    fn schema() -> openapi::RefOr<openapi::Schema> {
        let fields = object::<CreateMedia>(false);
        let required = ["title", "media_type"].map(|name| (name, &fields["properties"][name]));
        let mut form = json!({
            "type": "object", "required": ["title", "media_type", "file"],
            "description": "A media item with its file: the same fields as texts, and one part with a file name.",
        });
        for (name, field) in required {
            form["properties"][name] = field.clone();
        }
        form["properties"]["file"] = json!({
            "type": "string", "format": "binary", "maxLength": MAX_BODY_BYTES,
            "description": "The file, in a part of any name.",
        });
        plain(form)
    }
}

impl ToSchema for CreateMediaForm {}

/// An address, as it was sent once it is known to be one: a page may put it into a link.
struct Address;

impl Field for Address {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        fields.url(name)?;
        // Copied out of a page's source, a signed address is not what was signed.
        fields.text(name, MAX_URL).map(|address| media_url::unescaped(&address))
    }

    fn schema(asked: Asked) -> Schema {
        Url::schema(asked)
    }
}

/// Tags as one text, however they were sent: separated by commas, or a list, be it as JSON or as its text.
struct Tags;

impl Field for Tags {
    type Value = String;

    fn read(fields: &mut Fields, name: &str) -> Option<String> {
        let sent = fields.json(name)?;
        if !sent.part().is_list() {
            return fields.text(name, MAX_TAGS_TEXT);
        }
        let mut tags = Vec::new();
        for item in sent.part().items().filter(|item| !item.is_null()) {
            let tag = item.text_or_digits().map(|tag| tag.trim().to_owned());
            match tag.filter(|tag| tag.chars().count() <= MAX_TAG && tags.len() < MAX_TAGS) {
                Some(tag) => tags.extend(Some(tag).filter(|tag| !tag.is_empty())),
                None => {
                    let problem = format!("must be at most {MAX_TAGS} texts of {MAX_TAG} characters");
                    fields.refuse_as(name, code::TOO_LONG, problem);
                    return None;
                }
            }
        }
        (!tags.is_empty()).then(|| tags.join(", "))
    }

    fn schema(asked: Asked) -> Schema {
        let mut schema = describe::text(asked, MAX_TAGS_TEXT);
        schema["type"] = asked.types("string", &["number", "array"]);
        schema["maxItems"] = json!(MAX_TAGS);
        schema["items"] = json!({ "type": ["string", "number", "null"], "maxLength": MAX_TAG });
        schema
    }
}
