//! What the calls to the ports ask of AWS: IAM actions, each with the resource that it is asked on.
//!
//! Its one rule: a call is told as the engine in AWS would make it, whichever engine answers it here; tests beside those
//! (`shared/src/aws/rights_tests.rs`) hold this against what the engines of AWS put on the wire.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use url::Url;

use shared::{
    app::Ports,
    blobs::{BlobError, BlobKey, Blobs, Served, Stat},
    egress::{HttpOut, OutError, OutReply, OutRequest},
    queue::{Delivery, Depth, Outgoing, Queue, QueueError, QueueName},
    sealer::{SealError, Sealer},
    store::{Action, Index, Item, Key, Meter, Page, Query, Store, StoreError, Write},
    tenant::TenantId,
};

/// What an action is asked on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Table,
    Index(&'static str),
    Bucket,
    /// An object, by its key.
    Object(String),
    Key,
    Queue(QueueName),
    /// Not AWS at all: somebody else's server.
    Internet,
}

/// One right that a call needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    pub action: &'static str,
    pub resource: Resource,
    /// Of items: the partition key, which IAM knows as `dynamodb:LeadingKeys`.
    pub partition: Option<String>,
}

/// Calls to other servers. No IAM action: a function either holds the client or does not.
pub const CALL_OUT: &str = "call";

impl Access {
    fn item(action: &'static str, key: &Key) -> Self {
        Self { action, resource: Resource::Table, partition: Some(key.pk().to_owned()) }
    }

    /// An action on something that is no item.
    pub fn on(action: &'static str, resource: Resource) -> Self {
        Self { action, resource, partition: None }
    }

    /// Members of a transaction need the right of the single write that each would be.
    fn write(write: &Write) -> Self {
        let action = match write.action {
            Action::Put(_) => "dynamodb:PutItem",
            Action::Update(_) => "dynamodb:UpdateItem",
            Action::Delete => "dynamodb:DeleteItem",
            Action::Check => "dynamodb:ConditionCheckItem",
        };
        Self::item(action, &write.key)
    }

    fn query(query: &Query) -> Self {
        let resource = match query.index {
            Index::Table => Resource::Table,
            Index::Gsi1 => Resource::Index("gsi1"),
            Index::Due => Resource::Index("due"),
        };
        Self { partition: Some(query.partition.clone()), ..Self::on("dynamodb:Query", resource) }
    }

    fn object(action: &'static str, key: &BlobKey) -> Self {
        Self::on(action, Resource::Object(key.as_str().to_owned()))
    }
}

/// Is told of every right that a call needs, before the call is made. A panic refuses it.
pub type Witness = dyn Fn(Access) + Send + Sync;

/// Puts a witness in front of the ports.
pub fn witnessed(ports: Ports, witness: Arc<Witness>) -> Ports {
    Ports {
        store: Arc::new(Seen { inner: ports.store, witness: witness.clone() }),
        queue: Arc::new(Seen { inner: ports.queue, witness: witness.clone() }),
        blobs: Arc::new(Seen { inner: ports.blobs, witness: witness.clone() }),
        sealer: Arc::new(Seen { inner: ports.sealer, witness: witness.clone() }),
        http: Arc::new(Seen { inner: ports.http, witness }),
        ..ports
    }
}

struct Seen<P: ?Sized> {
    inner: Arc<P>,
    witness: Arc<Witness>,
}

impl<P: ?Sized> Seen<P> {
    fn tell(&self, access: Access) {
        (self.witness)(access);
    }
}

#[async_trait]
impl Store for Seen<dyn Store> {
    async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        self.tell(Access::item("dynamodb:GetItem", key));
        self.inner.get(key).await
    }

    async fn batch_get(&self, keys: &[Key]) -> Result<Vec<Item>, StoreError> {
        for key in keys {
            self.tell(Access::item("dynamodb:BatchGetItem", key));
        }
        self.inner.batch_get(keys).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.tell(Access::query(query));
        self.inner.query(query).await
    }

    async fn write(&self, write: Write) -> Result<Option<Item>, StoreError> {
        self.tell(Access::write(&write));
        self.inner.write(write).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        for write in &writes {
            self.tell(Access::write(write));
        }
        self.inner.transact(writes).await
    }

    /// No engine in AWS does anything for it.
    async fn try_writing(&self) -> Result<(), StoreError> {
        self.inner.try_writing().await
    }

    fn meter(&self) -> &Meter {
        self.inner.meter()
    }
}

#[async_trait]
impl Queue for Seen<dyn Queue> {
    async fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Result<(), QueueError> {
        self.tell(Access::on("sqs:SendMessage", Resource::Queue(queue)));
        self.inner.send(queue, messages).await
    }

    async fn receive(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.tell(Access::on("sqs:ReceiveMessage", Resource::Queue(queue)));
        self.inner.receive(queue, max, visibility).await
    }

    async fn receive_beside(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
        full: &[TenantId],
    ) -> Result<Vec<Delivery>, QueueError> {
        self.tell(Access::on("sqs:ReceiveMessage", Resource::Queue(queue)));
        self.inner.receive_beside(queue, max, visibility, full).await
    }

    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError> {
        self.tell(Access::on("sqs:DeleteMessage", Resource::Queue(queue)));
        self.inner.delete(queue, receipt).await
    }

    async fn release(&self, queue: QueueName, receipt: &str, delay: Duration) -> Result<(), QueueError> {
        self.tell(Access::on("sqs:ChangeMessageVisibility", Resource::Queue(queue)));
        self.inner.release(queue, receipt, delay).await
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        self.tell(Access::on("sqs:GetQueueAttributes", Resource::Queue(queue)));
        self.inner.depth(queue).await
    }

    async fn waiting(&self, queue: QueueName) -> Result<usize, QueueError> {
        self.tell(Access::on("sqs:GetQueueAttributes", Resource::Queue(queue)));
        self.inner.waiting(queue).await
    }

    async fn redrive(&self, queue: QueueName) -> Result<usize, QueueError> {
        // Of operators alone: it works on the dead letters, whose address no function knows.
        self.inner.redrive(queue).await
    }
}

#[async_trait]
impl Blobs for Seen<dyn Blobs> {
    async fn put(&self, key: &BlobKey, content_type: &str, body: Bytes) -> Result<String, BlobError> {
        self.tell(Access::object("s3:PutObject", key));
        self.inner.put(key, content_type, body).await
    }

    async fn get(&self, key: &BlobKey, version: Option<&str>) -> Result<Option<Bytes>, BlobError> {
        let action = if version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        self.tell(Access::object(action, key));
        // S3 calls an absent object forbidden unless the caller may list the bucket.
        self.tell(Access::on("s3:ListBucket", Resource::Bucket));
        self.inner.get(key, version).await
    }

    async fn stat(&self, key: &BlobKey) -> Result<Option<Stat>, BlobError> {
        self.tell(Access::object("s3:GetObject", key));
        self.tell(Access::on("s3:ListBucket", Resource::Bucket));
        self.inner.stat(key).await
    }

    async fn part(
        &self,
        key: &BlobKey,
        version: &str,
        from: u64,
        bytes: usize,
    ) -> Result<Option<Bytes>, BlobError> {
        self.tell(Access::object("s3:GetObjectVersion", key));
        self.tell(Access::on("s3:ListBucket", Resource::Bucket));
        self.inner.part(key, version, from, bytes).await
    }

    async fn upload_address(
        &self,
        key: &BlobKey,
        content_type: &str,
        bytes: u64,
        valid: Duration,
    ) -> Result<Option<String>, BlobError> {
        // Whoever has the address acts under the role that signed it.
        self.tell(Access::object("s3:PutObject", key));
        self.inner.upload_address(key, content_type, bytes, valid).await
    }

    async fn download_address(
        &self,
        key: &BlobKey,
        version: &str,
        served: Served<'_>,
        valid: Duration,
    ) -> Result<Option<String>, BlobError> {
        self.tell(Access::object("s3:GetObjectVersion", key));
        self.inner.download_address(key, version, served, valid).await
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.tell(Access::object("s3:DeleteObject", key));
        self.inner.delete(key).await
    }
}

#[async_trait]
impl Sealer for Seen<dyn Sealer> {
    async fn seal(&self, tenant: TenantId, record: &str, secret: &SecretString) -> Result<String, SealError> {
        self.tell(Access::on("kms:GenerateDataKey", Resource::Key));
        self.inner.seal(tenant, record, secret).await
    }

    async fn open(&self, tenant: TenantId, record: &str, sealed: &str) -> Result<SecretString, SealError> {
        self.tell(Access::on("kms:Decrypt", Resource::Key));
        self.inner.open(tenant, record, sealed).await
    }
}

#[async_trait]
impl HttpOut for Seen<dyn HttpOut> {
    async fn send(&self, request: OutRequest) -> Result<OutReply, OutError> {
        self.tell(Access::on(CALL_OUT, Resource::Internet));
        self.inner.send(request).await
    }

    async fn check(&self, url: &Url) -> Result<(), OutError> {
        self.tell(Access::on(CALL_OUT, Resource::Internet));
        self.inner.check(url).await
    }
}
