//! Media items: videos, pictures, sounds and files that a workflow made or found.
//!
//! Its one rule: what the caller says goes before what the address tells, and that before what the provider says. The
//! three are kept apart, so that a change of one takes nothing from another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    file::File,
    media_url::{self, Derived},
    review::{AutomationStatus, EntityType},
    subject::{Reviewable, Subject, ask_mark},
    words,
};
use crate::ids::{CollectionId, EntityId, MediaId};

/// One media item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MediaItem {
    #[serde(flatten)]
    pub subject: Subject,
    pub title: String,
    pub media_type: MediaType,
    #[serde(default)]
    pub sent: Details,
    /// What `sent.url` tells by itself.
    #[serde(default)]
    pub derived: Derived,
    /// What its provider said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enriched: Option<Enriched>,
    /// The collection that it was filed in. Whether that still exists, its own item tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_id: Option<CollectionId>,
    /// What was uploaded for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
}

/// What a caller may say of a media item, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Details {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embed_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_size: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Free status that the vendor's node sends beside `automation_status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What a provider said of a video.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Enriched {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
    /// `m:ss` or `h:mm:ss`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    Video,
    Image,
    Audio,
    File,
}

impl MediaType {
    pub const WORDS: [&'static str; 4] = ["video", "image", "audio", "file"];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "video" => Some(Self::Video),
            "image" => Some(Self::Image),
            "audio" => Some(Self::Audio),
            "file" => Some(Self::File),
            _ => None,
        }
    }
}

impl Details {
    /// What is said now, and where nothing is said, what was said before.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self {
            url: self.url.or(before.url),
            thumbnail_url: self.thumbnail_url.or(before.thumbnail_url),
            embed_url: self.embed_url.or(before.embed_url),
            download_url: self.download_url.or(before.download_url),
            source: self.source.or(before.source),
            duration: self.duration.or(before.duration),
            file_size: self.file_size.or(before.file_size),
            width: self.width.or(before.width),
            height: self.height.or(before.height),
            description: self.description.or(before.description),
            tags: self.tags.or(before.tags),
            status: self.status.or(before.status),
        }
    }
}

/// Words of a title, a source and the tags that a search looks at: each is an item of its own in the transaction, and a
/// change takes the old ones out and puts the new ones in.
const TITLE_WORDS: usize = 14;
const SOURCE_WORDS: usize = 2;
const TAG_WORDS: usize = 14;

impl MediaItem {
    pub fn id(&self) -> MediaId {
        MediaId::of(self.subject.id)
    }

    pub fn new(subject: Subject, title: String, media_type: MediaType, sent: Details) -> Self {
        let derived = sent.url.as_deref().map(media_url::derive).unwrap_or_default();
        Self { subject, title, media_type, sent, derived, enriched: None, collection_id: None, file: None }
    }

    /// Takes what a caller says now. Another address is another video: what was known of the old one goes.
    pub fn say(&mut self, sent: Details) {
        let old = self.sent.url.clone();
        self.sent = sent.or(std::mem::take(&mut self.sent));
        if self.sent.url != old {
            self.derived = self.sent.url.as_deref().map(media_url::derive).unwrap_or_default();
            self.enriched = None;
        }
    }

    pub fn thumbnail_url(&self) -> Option<&str> {
        let enriched = self.enriched.as_ref().and_then(|found| found.thumbnail_url.as_ref());
        self.sent
            .thumbnail_url
            .as_ref()
            .or(self.derived.thumbnail_url.as_ref())
            .or(enriched)
            .map(String::as_str)
    }

    pub fn embed_url(&self) -> Option<&str> {
        self.sent.embed_url.as_ref().or(self.derived.embed_url.as_ref()).map(String::as_str)
    }

    /// The address itself unless the caller named another.
    pub fn download_url(&self) -> Option<&str> {
        self.sent.download_url.as_ref().or(self.sent.url.as_ref()).map(String::as_str)
    }

    pub fn source(&self) -> Option<&str> {
        self.sent.source.as_ref().or(self.derived.source.as_ref()).map(String::as_str)
    }

    pub fn duration(&self) -> Option<&str> {
        let enriched = self.enriched.as_ref().and_then(|found| found.duration.as_ref());
        self.sent.duration.as_ref().or(enriched).map(String::as_str)
    }

    pub fn width(&self) -> Option<u32> {
        self.sent.width.or(self.enriched.as_ref().and_then(|found| found.width))
    }

    pub fn height(&self) -> Option<u32> {
        self.sent.height.or(self.enriched.as_ref().and_then(|found| found.height))
    }

    /// Whether a person must still decide on it.
    pub fn waits(&self) -> bool {
        let review = &self.subject.review;
        review.human_interaction && review.automation_status == AutomationStatus::Pending
    }

    /// Where to ask the provider for what is still missing. None when nothing is, or when it has said all it knows.
    pub fn to_ask(&self) -> Option<Url> {
        // YouTube tells no duration.
        let timed = self.duration().is_some() || self.derived.provider.as_deref() == Some("youtube");
        let known =
            timed && self.thumbnail_url().is_some() && self.width().is_some() && self.height().is_some();
        if known || self.enriched.is_some() {
            return None;
        }
        media_url::oembed(self.sent.url.as_deref()?)
    }

    /// The phrases that a search finds it under: the beginnings of the first words of title, source and tags.
    pub fn phrases(&self) -> BTreeSet<String> {
        let [title, source, tags] = self.texts();
        let mut found = words::first_phrases(title, TITLE_WORDS);
        found.append(&mut words::first_phrases(source, SOURCE_WORDS));
        found.append(&mut words::first_phrases(tags, TAG_WORDS));
        words::longest(found)
    }

    /// Whether title, source or tags hold what a search looks for.
    pub fn is_found(&self, search: &str) -> bool {
        self.texts().into_iter().any(|text| words::finds(search, text))
    }

    fn texts(&self) -> [&str; 3] {
        [&self.title, self.source().unwrap_or_default(), self.sent.tags.as_deref().unwrap_or_default()]
    }
}

impl Reviewable for MediaItem {
    type Id = MediaId;

    const TYPE: EntityType = EntityType::MediaItem;

    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    fn mark(&self) -> String {
        ask_mark(self.media_type.as_str(), self.subject.node.as_deref(), &self.title)
    }

    fn asked_as(&self) -> &str {
        &self.title
    }
}
