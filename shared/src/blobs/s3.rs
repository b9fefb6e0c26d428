//! The S3 engine: one bucket with versioning; encryption at rest is the bucket's own default.
//!
//! Its one rule: a body is handed on as it came. It is in memory already, so that its checksum goes into a header and no
//! chunked copy is made.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_types::SdkConfig;
use bytes::Bytes;

use super::{BlobError, BlobKey, Blobs, Served, Stat};
use crate::aws::{OnUse, on_use};

mod whole;

/// One attempt of an upload. A body that moves at all is let finish; one that stalls is cut off earlier by the SDK.
const ATTEMPT: Duration = Duration::from_secs(30);
/// With all its attempts: whoever has less time ends it.
const CALL: Duration = Duration::from_secs(60);

/// One bucket.
#[derive(Debug)]
pub struct S3Blobs {
    client: OnUse<Client>,
    bucket: String,
    /// TLS and the checksum keep the body whole on its way, so that hashing it once more for the signature is waste.
    unsigned_body: bool,
}

impl S3Blobs {
    pub fn new(config: &SdkConfig, bucket: impl Into<String>) -> Self {
        let endpoint = config.endpoint_url();
        let timeouts = config.timeout_config().map(TimeoutConfig::to_builder).unwrap_or_default();
        let config = aws_sdk_s3::config::Builder::from(config)
            .timeout_config(timeouts.operation_attempt_timeout(ATTEMPT).operation_timeout(CALL).build())
            // A stand-in has one address for all buckets.
            .force_path_style(endpoint.is_some())
            .build();
        let unsigned_body = endpoint.is_none_or(|url| url.starts_with("https://"));
        Self { client: on_use(|| Client::from_conf(config)), bucket: bucket.into(), unsigned_body }
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn put(&self, key: &BlobKey, content_type: &str, body: Bytes) -> Result<String, BlobError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            .content_type(content_type)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(body));
        let answer = match self.unsigned_body {
            true => request.customize().disable_payload_signing().send().await,
            false => request.send().await,
        };
        // Where versioning is suspended, every body is the version `null` and replaces the one before.
        let version = answer.map_err(|e| unavailable(&e))?.version_id.filter(|version| version != "null");
        version
            .ok_or_else(|| BlobError::Unavailable(format!("the bucket `{}` keeps no versions", self.bucket)))
    }

    async fn get(&self, key: &BlobKey, version: Option<&str>) -> Result<Option<Bytes>, BlobError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str());
        match request.set_version_id(version.map(str::to_owned)).send().await {
            Ok(answer) => {
                let body = answer.body.collect().await.map_err(|e| BlobError::Unavailable(e.to_string()))?;
                Ok(Some(body.into_bytes()))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError> {
        match self.client.head_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(answer) => {
                let bytes = answer.content_length().and_then(|bytes| u64::try_from(bytes).ok());
                let version = answer.version_id().map(str::to_owned);
                let (Some(version), Some(bytes)) = (version, bytes) else {
                    return Err(BlobError::Unavailable(format!("S3 says nothing of {}", key.as_str())));
                };
                Ok(Some(Stat { version, bytes }))
            }
            // A reply to HEAD has no body to name the error in.
            Err(error) if is_absent(&error) || is_not_found(&error) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn part(
        &self,
        key: &BlobKey,
        version: &str,
        from: u64,
        bytes: usize,
    ) -> Result<Option<Bytes>, BlobError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str()).version_id(version);
        let last = from.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)).saturating_sub(1);
        match request.range(format!("bytes={from}-{last}")).send().await {
            Ok(mut answer) => {
                // Whoever knows no ranges sends the whole (RFC 9110 §14.2).
                let mut skipped = if answer.content_range().is_some() { 0 } else { from };
                let mut read = Vec::new();
                while read.len() < bytes {
                    let next = answer.body.try_next().await;
                    match next.map_err(|e| BlobError::Unavailable(e.to_string()))? {
                        Some(mut chunk) => {
                            let skip = usize::try_from(skipped).unwrap_or(usize::MAX).min(chunk.len());
                            skipped -= u64::try_from(skip).unwrap_or(u64::MAX);
                            let _ = chunk.split_to(skip);
                            read.extend_from_slice(&chunk[..chunk.len().min(bytes - read.len())]);
                        }
                        None => break,
                    }
                }
                Ok(Some(read.into()))
            }
            // Of an empty body there is no range.
            Err(error) if error.code() == Some("InvalidRange") => Ok(Some(Bytes::new())),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn upload_address(
        &self,
        key: &BlobKey,
        content_type: &str,
        bytes: u64,
        valid: Duration,
    ) -> Result<Option<String>, BlobError> {
        let size = i64::try_from(bytes).map_err(|e| BlobError::Unavailable(e.to_string()))?;
        let request = self.client.put_object().bucket(&self.bucket).key(key.as_str());
        // All are signed: S3 refuses another type, another size, and a second body. What an item points at would be an old version
        // after one, and old versions do not stay.
        let request = request.content_type(content_type).content_length(size).if_none_match("*");
        let request = request.presigned(presigning(valid)?);
        Ok(Some(request.await.map_err(|e| unavailable(&e))?.uri().to_owned()))
    }

    async fn download_address(
        &self,
        key: &BlobKey,
        version: &str,
        served: Served<'_>,
        valid: Duration,
    ) -> Result<Option<String>, BlobError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key.as_str()).version_id(version);
        let request = request
            .response_content_type(served.content_type)
            .response_content_disposition(served.disposition)
            .presigned(presigning(valid)?);
        Ok(Some(request.await.map_err(|e| unavailable(&e))?.uri().to_owned()))
    }

    /// Without a version: S3 puts a mark over what is there, and the bucket's lifecycle deletes that when no restore reaches it
    /// any more. No role of a function may do more.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key.as_str());
        match request.send().await {
            Err(error) if !is_absent(&error) => Err(unavailable(&error)),
            _ => Ok(()),
        }
    }
}

/// No such key or version, a version that is only the mark of a deletion (405), or one that S3 cannot have made.
/// A role that may not list the bucket is told "forbidden" in place of "absent": `s3:ListBucket` goes with reading.
fn is_absent<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error.code() {
        Some("NoSuchKey" | "NoSuchVersion" | "MethodNotAllowed") => true,
        Some("InvalidArgument") => error.message().is_some_and(|text| text.contains("version id")),
        _ => false,
    }
}

fn is_not_found<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|reply| reply.status().as_u16() == 404)
}

fn presigning(valid: Duration) -> Result<PresigningConfig, BlobError> {
    PresigningConfig::expires_in(valid).map_err(|e| BlobError::Unavailable(e.to_string()))
}

fn unavailable<E>(error: &SdkError<E>) -> BlobError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let request = error.request_id().unwrap_or("-").to_owned();
    BlobError::Unavailable(format!("{} (request {request})", DisplayErrorContext(error)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

    use super::*;
    use std::sync::Arc;

    use http::{
        HeaderMap, HeaderValue, Method,
        header::{CONTENT_TYPE, IF_NONE_MATCH},
    };

    use crate::aws::standins;
    use crate::egress::{Guarded, HttpOut, OutRequest, Policy, SystemResolver};
    use crate::store::conformance::fresh;

    crate::blobs_conformance!(
        ministack,
        async { ((), in_ministack(true).await) },
        #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"]
    );

    async fn in_ministack(versioned: bool) -> S3Blobs {
        let blobs = S3Blobs::new(&standins::ministack(), format!("baton-{}", fresh()));
        blobs.client.create_bucket().bucket(&blobs.bucket).send().await.unwrap();
        if versioned {
            let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            let request = blobs.client.put_bucket_versioning().bucket(&blobs.bucket);
            request.versioning_configuration(enabled).send().await.unwrap();
        }
        blobs
    }

    #[tokio::test]
    #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"]
    async fn an_address_signs_what_it_is_for() {
        let (blobs, key, valid) =
            (in_ministack(true).await, BlobKey::of(fresh(), "files/1"), Duration::from_secs(900));
        let up = blobs.upload_address(&key, "image/png", 4, valid).await.unwrap().unwrap();
        assert!(up.contains("X-Amz-Expires=900"), "{up}");
        for header in ["content-length", "content-type", "host", "if-none-match"] {
            assert!(up.contains(header), "{header} is not signed: {up}");
        }
        let version = blobs.put(&key, "image/png", Bytes::from_static(b"body")).await.unwrap();
        let served = Served { content_type: "image/png", disposition: "attachment; filename=\"a.png\"" };
        let down = blobs.download_address(&key, &version, served, valid).await.unwrap().unwrap();
        for part in ["versionId=", "response-content-disposition=attachment", "response-content-type=image"] {
            assert!(down.contains(part), "{part}: {down}");
        }
    }

    #[tokio::test]
    #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"]
    async fn a_file_goes_up_and_comes_down_without_a_credential() {
        let (blobs, key, valid) =
            (in_ministack(true).await, BlobKey::of(fresh(), "files/1"), Duration::from_secs(900));
        let http =
            Guarded::new(Policy { allow_loopback: true, ..Policy::default() }, Arc::new(SystemResolver))
                .unwrap();
        let send = async |method: Method, url: &str, body: &Bytes| {
            let headers = match method {
                Method::PUT => HeaderMap::from_iter([
                    (CONTENT_TYPE, HeaderValue::from_static("image/png")),
                    (IF_NONE_MATCH, HeaderValue::from_static("*")),
                ]),
                _ => HeaderMap::new(),
            };
            let (url, body) = (url.parse().unwrap(), body.clone());
            let request =
                OutRequest { method, url, headers, body, timeout: ATTEMPT, max_reply_bytes: 9_000_000 };
            http.send(request).await.unwrap()
        };
        let file: Bytes = (0..7_000_000_u32).map(|i| (i % 251) as u8).collect();
        let size = u64::try_from(file.len()).unwrap();
        let up = blobs.upload_address(&key, "image/png", size, valid).await.unwrap().unwrap();
        let put = send(Method::PUT, &up, &file).await;
        assert_eq!(put.status, 200, "{}", String::from_utf8_lossy(&put.body));
        let stat = blobs.stat(&key).await.unwrap().unwrap();
        assert_eq!(stat.bytes, size);
        // An upload that comes later is refused, and the address goes on giving the version that it names.
        let disposition = "attachment; filename=\"a b.png\"; filename*=UTF-8''a%20b.png";
        let served = Served { content_type: "image/png", disposition };
        let down = blobs.download_address(&key, &stat.version, served, valid).await.unwrap().unwrap();
        assert_eq!(send(Method::PUT, &up, &Bytes::from(vec![0; file.len()])).await.status, 412);
        let got = send(Method::GET, &down, &Bytes::new()).await;
        assert!(got.status == 200 && got.body == file, "{}", got.status);
        // The stand-in does not do what the address says of type and disposition, which S3 does: see the test above.
        assert_eq!(got.headers[CONTENT_TYPE], "image/png");
    }

    #[tokio::test]
    #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"]
    async fn a_bucket_without_versions_is_refused() {
        let blobs = in_ministack(false).await;
        let put = blobs.put(&BlobKey::of(fresh(), "a"), "text/plain", Bytes::from_static(b"x")).await;
        assert!(matches!(put, Err(BlobError::Unavailable(_))), "{put:?}");
    }
}
