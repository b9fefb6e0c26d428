//! A body that comes piece by piece.
//!
//! Its one rule: nothing can be read of it before its end, and nothing stays of one that has none.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::{BlobError, BlobKey, Blobs};

/// A body on its way into an engine. Dropped before its end, it is forgotten.
#[async_trait]
pub trait Pieces: Send {
    /// The next piece.
    async fn add(&mut self, piece: Bytes) -> Result<(), BlobError>;

    /// Stores what came as [`Blobs::put`] does, and returns its version.
    async fn finish(self: Box<Self>) -> Result<String, BlobError>;
}

/// Keeps it in memory.
pub(super) struct Kept<'a, B: ?Sized> {
    blobs: &'a B,
    key: BlobKey,
    content_type: String,
    came: BytesMut,
}

impl<'a, B: Blobs + ?Sized> Kept<'a, B> {
    pub(super) fn new(blobs: &'a B, key: &BlobKey, content_type: &str) -> Self {
        Self { blobs, key: key.clone(), content_type: content_type.into(), came: BytesMut::new() }
    }
}

#[async_trait]
impl<B: Blobs + ?Sized> Pieces for Kept<'_, B> {
    async fn add(&mut self, piece: Bytes) -> Result<(), BlobError> {
        self.came.extend_from_slice(&piece);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<String, BlobError> {
        self.blobs.put(&self.key, &self.content_type, self.came.freeze()).await
    }
}
