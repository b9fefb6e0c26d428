//! The wiring of the deployed functions: every port over AWS. (The laptop's is in the local host.)
//!
//! Its one rule: a function is given the ports that its settings name, and any other says which variable is missing
//! when it is used, not before. So a function starts no client that it does not need.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;

use crate::{
    app::{App, Ports, SharedApp},
    aws,
    blobs::{BlobError, BlobKey, Blobs, s3::S3Blobs},
    clock::{Clock, SystemClock},
    config::function::{BUCKET, FunctionSettings, KMS_KEY},
    egress::{Guarded, Policy, SetupError, SystemResolver},
    ids::SystemIds,
    queue::{
        QueueName,
        sqs::{QueueUrls, SqsQueue},
    },
    sealer::{SealError, Sealer, kms::KmsSealer},
    store::dynamo::DynamoStore,
    tenant::TenantId,
};

impl App {
    /// The app of a deployed function. Nothing is called yet.
    ///
    /// # Errors
    /// [`SetupError`] if the HTTP client cannot be built.
    pub fn over_aws(settings: FunctionSettings) -> Result<SharedApp, SetupError> {
        let FunctionSettings { aws, table, bucket, kms_key, queues, platform, .. } = settings;
        let config = aws::connect(aws);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let blobs: Arc<dyn Blobs> = match bucket {
            Some(bucket) => Arc::new(S3Blobs::new(&config, bucket)),
            None => Arc::new(Unset(BUCKET)),
        };
        let sealer: Arc<dyn Sealer> = match kms_key {
            Some(key) => Arc::new(KmsSealer::new(&config, key, clock.clone())),
            None => Arc::new(Unset(KMS_KEY)),
        };
        let ports = Ports {
            store: Arc::new(DynamoStore::new(&config, table)),
            queue: Arc::new(SqsQueue::new(&config, urls(queues))),
            blobs,
            sealer,
            // Nothing private is ever called from AWS: there is no laptop's n8n on this side.
            http: Arc::new(Guarded::new(Policy::default(), Arc::new(SystemResolver))?),
            clock,
            ids: Arc::new(SystemIds::default()),
        };
        Ok(Self::new(ports, platform))
    }
}

/// Dead letters are the operators' business: no function knows where they are.
fn urls(queues: BTreeMap<QueueName, String>) -> BTreeMap<QueueName, QueueUrls> {
    queues.into_iter().map(|(queue, main)| (queue, QueueUrls { main, dead: None })).collect()
}

/// A port whose variable was not given to this function.
struct Unset(&'static str);

impl Unset {
    fn why(&self) -> String {
        format!("{} is not set for this function", self.0)
    }
}

#[async_trait]
impl Blobs for Unset {
    async fn put(&self, _: &BlobKey, _: &str, _: Bytes) -> Result<String, BlobError> {
        Err(BlobError::Unavailable(self.why()))
    }

    async fn get(&self, _: &BlobKey, _: Option<&str>) -> Result<Option<Bytes>, BlobError> {
        Err(BlobError::Unavailable(self.why()))
    }

    async fn delete(&self, _: &BlobKey, _: &str) -> Result<(), BlobError> {
        Err(BlobError::Unavailable(self.why()))
    }
}

#[async_trait]
impl Sealer for Unset {
    async fn seal(&self, _: TenantId, _: &str, _: &SecretString) -> Result<String, SealError> {
        Err(SealError::Unavailable(self.why()))
    }

    async fn open(&self, _: TenantId, _: &str, _: &str) -> Result<SecretString, SealError> {
        Err(SealError::Unavailable(self.why()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{AwsCredentials, AwsSettings},
        config::Settings,
        queue::{Outgoing, QueueError},
    };

    fn table_only() -> FunctionSettings {
        let credentials = AwsCredentials {
            access_key_id: "key".into(),
            secret_access_key: "secret".to_owned().into(),
            session_token: None,
        };
        FunctionSettings {
            aws: AwsSettings { region: "eu-central-1".into(), endpoint: None, credentials },
            table: "baton".into(),
            bucket: None,
            kms_key: None,
            queues: BTreeMap::new(),
            log: tracing::level_filters::LevelFilter::INFO,
            platform: Settings::default(),
        }
    }

    #[tokio::test]
    async fn a_port_that_is_not_wired_names_its_variable() {
        let app = App::over_aws(table_only()).unwrap();
        let tenant = TenantId(7);
        let blob = app.blobs.get(&BlobKey::of(tenant, "a"), None).await.unwrap_err();
        assert!(blob.to_string().contains("BATON_BUCKET is not set"), "{blob}");
        let sealed = app.sealer.seal(tenant, "a", &"secret".to_owned().into()).await.unwrap_err();
        assert!(sealed.to_string().contains("BATON_KMS_KEY is not set"), "{sealed}");
        let message = Outgoing { body: "{}".into(), delay: std::time::Duration::ZERO, tenant };
        let sent = app.queue.send(QueueName::ResumeN8n, vec![message]).await.unwrap_err();
        assert!(matches!(&sent, QueueError::Invalid(why) if why.contains("resume-n8n")), "{sent}");
    }

    #[tokio::test]
    async fn nothing_private_is_called_from_aws() {
        let app = App::over_aws(table_only()).unwrap();
        for url in ["http://127.0.0.1:5678/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/"] {
            assert!(app.http.check(&url.parse().unwrap()).await.is_err(), "{url}");
        }
    }
}
