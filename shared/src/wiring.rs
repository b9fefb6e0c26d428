//! The wiring of the deployed functions: every port over AWS. (The laptop's is in the local host.)
//!
//! Its one rule: a function is given the ports that its settings name, and any other says which variable is missing
//! when it is used, not before. So a function starts no client that it does not need.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_types::SdkConfig;
use bytes::Bytes;
use secrecy::SecretString;
use url::Url;

use crate::{
    app::{App, Ports, SharedApp},
    aws,
    blobs::{BlobError, BlobKey, Blobs, Stat, s3::S3Blobs},
    clock::SystemClock,
    config::function::{BUCKET, FunctionSettings, KMS_KEY},
    egress::{Guarded, HttpOut, OutError, OutReply, OutRequest, Policy, SetupError, SystemResolver},
    estate::Estate,
    ids::SystemIds,
    queue::{
        Delivery, Depth, Outgoing, Queue, QueueError, QueueName,
        sqs::{QueueUrls, SqsQueue},
    },
    sealer::{SealError, Sealer, kms::KmsSealer},
    store::dynamo::DynamoStore,
    tenant::TenantId,
};

/// Puts one engine beside the table into the app of a function that needs it. A function that does not name an engine
/// does not contain it: half of what the engines weigh is code that most functions never run.
pub type Fit = fn(&mut Ports, &SdkConfig, &FunctionSettings) -> Result<(), SetupError>;

/// The engines there are.
pub mod fit {
    use super::*;

    pub const ALL: &[Fit] = &[queue, blobs, sealer, http];

    /// SQS.
    pub fn queue(
        ports: &mut Ports,
        config: &SdkConfig,
        settings: &FunctionSettings,
    ) -> Result<(), SetupError> {
        ports.queue = Arc::new(SqsQueue::new(config, urls(&settings.queues)));
        Ok(())
    }

    /// S3.
    pub fn blobs(
        ports: &mut Ports,
        config: &SdkConfig,
        settings: &FunctionSettings,
    ) -> Result<(), SetupError> {
        if let Some(bucket) = &settings.bucket {
            ports.blobs = Arc::new(S3Blobs::new(config, bucket));
        }
        Ok(())
    }

    /// KMS.
    pub fn sealer(
        ports: &mut Ports,
        config: &SdkConfig,
        settings: &FunctionSettings,
    ) -> Result<(), SetupError> {
        if let Some(key) = &settings.kms_key {
            ports.sealer = Arc::new(KmsSealer::new(config, key, ports.clock.clone()));
        }
        Ok(())
    }

    /// Calls to n8n and to the providers of videos. Nothing private is ever called from AWS: there is no laptop's n8n on this side.
    pub fn http(ports: &mut Ports, _: &SdkConfig, _: &FunctionSettings) -> Result<(), SetupError> {
        ports.http = Arc::new(Guarded::new(Policy::default(), Arc::new(SystemResolver))?);
        Ok(())
    }
}

/// The app over AWS with every engine that the settings name. Nothing is called yet.
///
/// # Errors
/// [`SetupError`] if the HTTP client cannot be built.
pub fn over_aws(settings: FunctionSettings) -> Result<SharedApp, SetupError> {
    fitted(settings, fit::ALL)
}

/// The app over AWS with the table and these engines.
///
/// # Errors
/// As [`over_aws`].
pub fn fitted(settings: FunctionSettings, engines: &[Fit]) -> Result<SharedApp, SetupError> {
    let config = aws::connect(settings.aws.clone()).map_err(|error| SetupError(error.to_string()))?;
    let mut ports = Ports {
        store: Arc::new(DynamoStore::new(&config, settings.table.as_str())),
        queue: Arc::new(Unset("the queue")),
        blobs: Arc::new(Unset(BUCKET)),
        sealer: Arc::new(Unset(KMS_KEY)),
        http: Arc::new(Unset("outgoing HTTP")),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
    };
    for engine in engines {
        engine(&mut ports, &config, &settings)?;
    }
    Ok(App::new(ports, settings.platform))
}

/// Everything that the organizations of a stack have, for an operator's commands.
///
/// # Errors
/// [`SetupError`] if no bucket is named, or AWS cannot be called at all.
pub fn estate(settings: &FunctionSettings) -> Result<Estate, SetupError> {
    let config = aws::connect(settings.aws.clone()).map_err(|error| SetupError(error.to_string()))?;
    let bucket = settings.bucket.as_ref().ok_or_else(|| SetupError(format!("{BUCKET} is not set")))?;
    let (store, bodies) =
        (Arc::new(table(settings, &settings.table)?), Arc::new(S3Blobs::new(&config, bucket)));
    Ok(Estate {
        store: store.clone(),
        whole: store,
        blobs: bodies.clone(),
        bodies,
        clock: Arc::new(SystemClock),
    })
}

/// A table beside the one that the settings name.
///
/// # Errors
/// As [`estate`].
pub fn table(settings: &FunctionSettings, name: &str) -> Result<DynamoStore, SetupError> {
    let config = aws::connect(settings.aws.clone()).map_err(|error| SetupError(error.to_string()))?;
    Ok(DynamoStore::new(&config, name))
}

/// Dead letters are the operators' business: no function knows where they are.
fn urls(queues: &BTreeMap<QueueName, String>) -> BTreeMap<QueueName, QueueUrls> {
    queues.iter().map(|(queue, main)| (*queue, QueueUrls { main: main.clone(), dead: None })).collect()
}

/// A port that was not given to this function.
struct Unset(&'static str);

impl Unset {
    fn why(&self) -> String {
        format!("{} was not given to this function", self.0)
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

    async fn stat(&self, _: &BlobKey) -> Result<Option<Stat>, BlobError> {
        Err(BlobError::Unavailable(self.why()))
    }

    async fn part(&self, _: &BlobKey, _: &str, _: u64, _: usize) -> Result<Option<Bytes>, BlobError> {
        Err(BlobError::Unavailable(self.why()))
    }

    async fn delete(&self, _: &BlobKey) -> Result<(), BlobError> {
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

#[async_trait]
impl Queue for Unset {
    async fn send(&self, _: QueueName, _: Vec<Outgoing>) -> Result<(), QueueError> {
        Err(QueueError::Unavailable(self.why()))
    }

    async fn receive(&self, _: QueueName, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
        Err(QueueError::Unavailable(self.why()))
    }

    async fn delete(&self, _: QueueName, _: &str) -> Result<(), QueueError> {
        Err(QueueError::Unavailable(self.why()))
    }

    async fn release(&self, _: QueueName, _: &str, _: Duration) -> Result<(), QueueError> {
        Err(QueueError::Unavailable(self.why()))
    }

    async fn depth(&self, _: QueueName) -> Result<Depth, QueueError> {
        Err(QueueError::Unavailable(self.why()))
    }

    async fn waiting(&self, _: QueueName) -> Result<usize, QueueError> {
        Err(QueueError::Unavailable(self.why()))
    }

    async fn redrive(&self, _: QueueName) -> Result<usize, QueueError> {
        Err(QueueError::Unavailable(self.why()))
    }
}

#[async_trait]
impl HttpOut for Unset {
    async fn send(&self, _: OutRequest) -> Result<OutReply, OutError> {
        Err(OutError::Connect(self.why()))
    }

    async fn check(&self, _: &Url) -> Result<(), OutError> {
        Err(OutError::Connect(self.why()))
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
            stack: "baton".into(),
            platform: Settings::default(),
        }
    }

    #[tokio::test]
    async fn a_port_that_is_not_wired_names_its_variable() {
        let app = over_aws(table_only()).unwrap();
        let tenant = TenantId(7);
        let blob = app.blobs.get(&BlobKey::of(tenant, "a"), None).await.unwrap_err();
        assert!(blob.to_string().contains("BATON_BUCKET was not given"), "{blob}");
        let sealed = app.sealer.seal(tenant, "a", &"secret".to_owned().into()).await.unwrap_err();
        assert!(sealed.to_string().contains("BATON_KMS_KEY was not given"), "{sealed}");
        let message = Outgoing { body: "{}".into(), delay: Duration::ZERO, tenant };
        let sent = app.queue.send(QueueName::ResumeN8n, vec![message]).await.unwrap_err();
        assert!(matches!(&sent, QueueError::Invalid(why) if why.contains("resume-n8n")), "{sent}");
        let bare = fitted(table_only(), &[]).unwrap();
        let message = Outgoing { body: "{}".into(), delay: Duration::ZERO, tenant };
        assert!(bare.queue.send(QueueName::ResumeN8n, vec![message]).await.is_err());
        assert!(bare.http.check(&"https://n8n.example.com/".parse().unwrap()).await.is_err());
    }

    #[tokio::test]
    async fn nothing_private_is_called_from_aws() {
        let app = over_aws(table_only()).unwrap();
        for url in ["http://127.0.0.1:5678/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/"] {
            assert!(app.http.check(&url.parse().unwrap()).await.is_err(), "{url}");
        }
    }
}
