//! Blobs and calls that fail on the way, or after they were heard.

use super::*;

pub(super) struct FaultyBlobs {
    pub(super) inner: Arc<dyn Blobs>,
    pub(super) faults: Arc<Faults>,
}

fn unavailable<T>() -> Result<T, BlobError> {
    Err(BlobError::Unavailable("refused by plan".into()))
}

#[async_trait]
impl Blobs for FaultyBlobs {
    async fn put(&self, key: &BlobKey, content_type: &str, body: Bytes) -> Result<String, BlobError> {
        let put = async {
            let version = self.inner.put(key, content_type, body.clone()).await?;
            self.faults.state().blobs.push((key.as_str().to_owned(), body.clone()));
            Ok(version)
        };
        self.faults.call(format!("blobs.put {}", key.as_str()), Some(unavailable), None, put).await
    }

    async fn get(&self, key: &BlobKey, version: Option<&str>) -> Result<Option<Bytes>, BlobError> {
        let what = format!("blobs.get {}", key.as_str());
        self.faults.call(what, Some(unavailable), None, self.inner.get(key, version)).await
    }

    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError> {
        let what = format!("blobs.get {}", key.as_str());
        self.faults.call(what, Some(unavailable), None, self.inner.stat(key)).await
    }

    async fn part(
        &self,
        key: &BlobKey,
        version: &str,
        from: u64,
        bytes: usize,
    ) -> Result<Option<Bytes>, BlobError> {
        let what = format!("blobs.get {}", key.as_str());
        self.faults.call(what, Some(unavailable), None, self.inner.part(key, version, from, bytes)).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let what = format!("blobs.delete {}", key.as_str());
        self.faults.call(what, Some(unavailable), None, self.inner.delete(key)).await
    }
}

pub(super) struct FaultyHttp {
    pub(super) inner: Arc<dyn HttpOut>,
    pub(super) faults: Arc<Faults>,
}

#[async_trait]
impl HttpOut for FaultyHttp {
    async fn send(&self, request: OutRequest) -> Result<OutReply, OutError> {
        let path = request.url.path().to_owned();
        let send = async {
            let answer = self.inner.send(request).await;
            let interlude = self.faults.state().interlude.take_if(|(wanted, _)| path.starts_with(&**wanted));
            if let Some((_, interlude)) = interlude {
                interlude.await;
            }
            answer
        };
        self.faults.call(format!("http.send {path}"), None, None, send).await
    }

    async fn check(&self, url: &Url) -> Result<(), OutError> {
        self.inner.check(url).await
    }
}
