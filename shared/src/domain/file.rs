//! Files of media items: what callers upload, what it is, and whose it becomes.
//!
//! Its one rule: what a file is, its first bytes say. What its sender says of it counts only where they say nothing.

use std::time::Duration;

use infer::MatcherType;
use serde::{Deserialize, Serialize};

use super::media::MediaType;
use crate::{
    clock::Millis,
    ids::{FileId, GroupId},
};

/// Bytes at the beginning of a file that tell what it is.
pub const LOOKED_AT: usize = 8192;
/// An address to upload to works for so long.
pub const UPLOADED_WITHIN: Duration = Duration::from_secs(15 * 60);
/// An upload that has begun in time is over so much later.
pub const UPLOADS_FOR: Duration = Duration::from_secs(15 * 60);
/// A file that no media item has taken by then is dropped. Longer than uploads go on.
pub const TAKEN_WITHIN: Duration = Duration::from_secs(3600);
/// An address to download from works for so long.
pub const GIVEN_FOR: Duration = Duration::from_secs(15 * 60);

/// Characters of a name: more than one of a disk has.
const MAX_NAME: usize = 255;
const MAX_TYPE: usize = 100;
const ANY: &str = "application/octet-stream";

/// The file of a media item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub id: FileId,
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    /// Of its blob ([`blob_name`]).
    pub version: String,
    /// An upload may still come to its address until then; none where it never had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploads_until: Option<Millis>,
}

/// A file that is uploaded or is going to be, and that is nobody's yet. Its bytes are counted from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    pub id: FileId,
    pub name: String,
    pub content_type: Option<String>,
    pub bytes: u64,
    /// The client group that it was uploaded in; none where it was before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    pub created_at: Millis,
    /// Nobody took it in time: from here on nobody can.
    #[serde(default)]
    pub dropped: bool,
    pub v: u64,
}

/// The name of a file's blob. No two files share one.
pub fn blob_name(id: FileId) -> String {
    format!("files/{id}")
}

/// A file's name as it is kept: the last part of a path, without control characters.
pub fn file_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|one| !one.is_control()).take(MAX_NAME).collect();
    let name = name.trim();
    if matches!(name, "" | "." | "..") { "file".into() } else { name.into() }
}

/// A media type as it is kept, without parameters. None where it is none.
pub fn content_type(sent: &str) -> Option<String> {
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, of) = essence.split_once('/')?;
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    (is_token(kind) && is_token(of) && essence.len() <= MAX_TYPE).then_some(essence)
}

/// What a file is, by its first bytes, and whether a media item of this kind may have it.
///
/// # Errors
/// Why not, for the person who sent it.
pub fn judge(
    media_type: MediaType,
    declared: Option<&str>,
    beginning: &[u8],
) -> Result<String, &'static str> {
    let found = infer::get(beginning);
    if infer::is_app(beginning) {
        return Err("must not be a program");
    }
    let kind = found.map(|found| found.matcher_type());
    let fits = match media_type {
        MediaType::File => true,
        MediaType::Image => kind == Some(MatcherType::Image),
        MediaType::Video => kind == Some(MatcherType::Video),
        // Sound alone comes in the containers of videos too.
        MediaType::Audio => matches!(kind, Some(MatcherType::Audio | MatcherType::Video)),
    };
    if !fits {
        return Err(match media_type {
            MediaType::Image => {
                "is not an image that can be recognized; media_type file takes whatever it is"
            }
            MediaType::Video => "is not a video that can be recognized; media_type file takes whatever it is",
            _ => "is not a sound that can be recognized; media_type file takes whatever it is",
        });
    }
    let known = found.map(|found| found.mime_type().to_owned());
    Ok(known.or_else(|| content_type(declared?)).unwrap_or_else(|| ANY.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0";
    const ELF: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    #[test]
    fn the_first_bytes_say_what_a_file_is() {
        assert_eq!(judge(MediaType::Image, Some("text/html"), PNG).as_deref(), Ok("image/png"));
        assert_eq!(judge(MediaType::File, None, PNG).as_deref(), Ok("image/png"));
        assert_eq!(judge(MediaType::Audio, None, MP3).as_deref(), Ok("audio/mpeg"));
        assert_eq!(
            judge(MediaType::File, Some("Text/CSV; charset=utf-8"), b"a,b\n").as_deref(),
            Ok("text/csv")
        );
        assert_eq!(judge(MediaType::File, Some("no type"), b"a,b\n").as_deref(), Ok(ANY));
        assert_eq!(judge(MediaType::File, None, b"").as_deref(), Ok(ANY));
        for (media_type, bytes) in [
            (MediaType::Image, MP3),
            (MediaType::Image, b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice()),
            (MediaType::Video, PNG),
            (MediaType::Audio, PNG),
            (MediaType::Image, b""),
            (MediaType::File, ELF),
        ] {
            assert!(judge(media_type, Some("image/png"), bytes).is_err(), "{media_type:?}");
        }
    }

    #[test]
    fn a_name_is_no_path() {
        for (sent, kept) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\jane\\a b.png", "a b.png"),
            ("a\r\nX-Evil: 1", "aX-Evil: 1"),
            ("", "file"),
            ("x/..", "file"),
            ("größe.png", "größe.png"),
        ] {
            assert_eq!(file_name(sent), kept);
        }
        assert_eq!(file_name(&"x".repeat(999)).len(), MAX_NAME);
    }
}
