//! A body on its way to the disk, in as much memory as a piece of it takes.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::{blocking, rename_into};
use crate::{
    blobs::{BlobError, Pieces},
    private,
};

/// So much is written at once: a piece as it comes from a socket is too little for the way to another thread.
const AT_ONCE: usize = 256 * 1024;

pub(super) struct Writing {
    temporary: PathBuf,
    folder: PathBuf,
    /// What the body is going to be called; an error where there is no name to be had.
    version: Result<String, BlobError>,
    file: Option<File>,
    held: BytesMut,
}

impl Writing {
    pub(super) fn new(temporary: PathBuf, folder: PathBuf, version: Result<String, BlobError>) -> Self {
        Self { temporary, folder, version, file: None, held: BytesMut::new() }
    }

    /// Writes what is held, and then does the rest with the file.
    async fn write(
        &mut self,
        then: impl FnOnce(&File) -> io::Result<()> + Send + 'static,
    ) -> Result<(), BlobError> {
        let (path, held, file) = (self.temporary.clone(), self.held.split().freeze(), self.file.take());
        let written = move || {
            let mut file = match file {
                Some(file) => file,
                None => private::open(File::options().write(true).create_new(true), &path)?,
            };
            file.write_all(&held)?;
            then(&file)?;
            Ok(file)
        };
        self.file = Some(blocking(written).await?);
        Ok(())
    }
}

#[async_trait]
impl Pieces for Writing {
    async fn add(&mut self, piece: Bytes) -> Result<(), BlobError> {
        self.held.extend_from_slice(&piece);
        if self.held.len() < AT_ONCE { Ok(()) } else { self.write(|_| Ok(())).await }
    }

    async fn finish(mut self: Box<Self>) -> Result<String, BlobError> {
        let version =
            std::mem::replace(&mut self.version, Err(BlobError::Unavailable("it has ended".into())))?;
        self.write(File::sync_all).await?;
        let (temporary, folder, name) = (self.temporary.clone(), self.folder.clone(), version.clone());
        blocking(move || rename_into(&temporary, &folder, &name)).await?;
        Ok(version)
    }
}

impl Drop for Writing {
    /// After the end there is nothing left under this name.
    fn drop(&mut self) {
        drop(self.file.take());
        let _ = fs::remove_file(&self.temporary);
    }
}
