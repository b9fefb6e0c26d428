//! What is told of a call is what the engine in AWS asks for, read off the request that it sends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use super::standins::{Answer, Request, Script};
use crate::{
    app::Ports,
    blobs::{BlobKey, s3::S3Blobs},
    clock::SystemClock,
    ids::SystemIds,
    queue::{
        Outgoing, QueueName,
        sqs::{QueueUrls, SqsQueue},
    },
    sealer::kms::KmsSealer,
    store::{Change, Cond, Index, Key, Query, Write, dynamo::DynamoStore},
    tenant::TenantId,
    testing::{
        Network,
        rights::{Access, Resource, witnessed},
    },
};

/// The ports over AWS's engines and a script that refuses everything, with what was told of them and what was sent.
struct Bench {
    ports: Ports,
    script: Script,
    told: Arc<Mutex<Vec<Access>>>,
}

/// Enough for every call below; nobody is to try again after a refusal.
const REFUSALS: usize = 32;

fn bench() -> Bench {
    let refusal = || Answer::Json(400, json!({ "__type": "AccessDeniedException" }));
    let (script, config) = Script::new(std::iter::repeat_with(refusal).take(REFUSALS));
    let urls = QueueName::ALL.map(|queue| {
        let main = format!("http://script.invalid/000000000000/{}", queue.as_str());
        (queue, QueueUrls { main, dead: None })
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let ports = Ports {
        store: Arc::new(DynamoStore::new(&config, "baton")),
        queue: Arc::new(SqsQueue::new(&config, BTreeMap::from(urls))),
        blobs: Arc::new(S3Blobs::new(&config, "bucket")),
        sealer: Arc::new(KmsSealer::new(&config, "key", Arc::new(SystemClock))),
        http: Network::new(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds::default()),
    };
    let hear = Arc::clone(&told);
    let ports = witnessed(ports, Arc::new(move |access| hear.lock().unwrap().push(access)));
    Bench { ports, script, told }
}

/// The rights that a request needs, by the service authorization reference: the operation names the action, but a
/// transaction needs those of its members, and a batch of messages that of one.
fn needed(request: &Request) -> BTreeSet<Access> {
    let body = &request.body;
    match request.target.split_once('.') {
        Some(("DynamoDB_20120810", "TransactWriteItems")) => {
            body["TransactItems"].as_array().unwrap().iter().map(member).collect()
        }
        Some(("DynamoDB_20120810", "BatchGetItem")) => {
            let keys = body["RequestItems"]["baton"]["Keys"].as_array().unwrap().iter();
            keys.map(|key| on_item("dynamodb:BatchGetItem", key)).collect()
        }
        Some(("DynamoDB_20120810", "Query")) => BTreeSet::from([query(body)]),
        Some(("DynamoDB_20120810", operation)) => {
            let action = match operation {
                "GetItem" => "dynamodb:GetItem",
                "PutItem" => "dynamodb:PutItem",
                "UpdateItem" => "dynamodb:UpdateItem",
                "DeleteItem" => "dynamodb:DeleteItem",
                other => panic!("{other}"),
            };
            BTreeSet::from([on_item(
                action,
                if operation == "PutItem" { &body["Item"] } else { &body["Key"] },
            )])
        }
        Some(("AmazonSQS", operation)) => BTreeSet::from([message(operation, body)]),
        Some(("TrentService", "GenerateDataKey")) => {
            BTreeSet::from([Access::on("kms:GenerateDataKey", Resource::Key)])
        }
        Some(("TrentService", "Decrypt")) => BTreeSet::from([Access::on("kms:Decrypt", Resource::Key)]),
        Some(other) => panic!("{other:?}"),
        None => object(request),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A right on the table, where the item lies.
fn on_item(action: &'static str, key: &Value) -> Access {
    Access { partition: Some(text(&key["pk"]["S"])), ..Access::on(action, Resource::Table) }
}

/// What one member of a transaction needs.
fn member(member: &Value) -> Access {
    let (kind, write) = member.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "Put" => on_item("dynamodb:PutItem", &write["Item"]),
        "Update" => on_item("dynamodb:UpdateItem", &write["Key"]),
        "Delete" => on_item("dynamodb:DeleteItem", &write["Key"]),
        "ConditionCheck" => on_item("dynamodb:ConditionCheckItem", &write["Key"]),
        other => panic!("{other}"),
    }
}

fn query(body: &Value) -> Access {
    let resource = match body["IndexName"].as_str() {
        None => Resource::Table,
        Some("gsi1") => Resource::Index("gsi1"),
        Some("due") => Resource::Index("due"),
        Some(other) => panic!("{other}"),
    };
    let partition = text(&body["ExpressionAttributeValues"][":0"]["S"]);
    Access { partition: Some(partition), ..Access::on("dynamodb:Query", resource) }
}

fn message(operation: &str, body: &Value) -> Access {
    let action = match operation {
        "SendMessage" | "SendMessageBatch" => "sqs:SendMessage",
        "ReceiveMessage" => "sqs:ReceiveMessage",
        "DeleteMessage" => "sqs:DeleteMessage",
        "ChangeMessageVisibility" => "sqs:ChangeMessageVisibility",
        "GetQueueAttributes" => "sqs:GetQueueAttributes",
        other => panic!("{other}"),
    };
    let url = text(&body["QueueUrl"]);
    let queue = QueueName::ALL.into_iter().find(|queue| url.ends_with(queue.as_str())).unwrap();
    Access::on(action, Resource::Queue(queue))
}

/// S3 speaks no targets: the method, the path and the version tell.
fn object(request: &Request) -> BTreeSet<Access> {
    let url = Url::parse(&request.uri).unwrap();
    let versioned = url.query_pairs().any(|(name, _)| name == "versionId");
    let action = match (request.method.as_str(), versioned) {
        ("PUT", false) => "s3:PutObject",
        ("GET", false) => "s3:GetObject",
        ("GET", true) => "s3:GetObjectVersion",
        ("DELETE", false) => "s3:DeleteObject",
        other => panic!("{other:?}"),
    };
    let key = url.path().trim_start_matches('/').trim_start_matches("bucket/").to_owned();
    let mut all = BTreeSet::from([Access::on(action, Resource::Object(key))]);
    if request.method == "GET" {
        all.insert(Access::on("s3:ListBucket", Resource::Bucket));
    }
    all
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "each call beside what it is compared with")]
async fn what_is_told_is_what_is_sent() {
    let Bench { ports, script, told } = bench();
    let Ports { store, queue, blobs, sealer, .. } = ports;
    let key = |n: u64| Key::of(TenantId(7), "lead", n.to_string());
    let blob = BlobKey::of(TenantId(7), "payloads/1");
    let all_kinds = vec![
        Write::put(key(1), Default::default()),
        Write::update(Key::of(TenantId(7), "chat", "2"), vec![Change::set("a", 1)]),
        Write::delete(Key::of(TenantId(7), "run", "3")),
        Write::check(Key::of(TenantId(7), "group", "4"), Cond::Exists),
    ];
    let message = |queue: QueueName| Outgoing {
        body: queue.as_str().into(),
        delay: Duration::ZERO,
        tenant: TenantId(7),
    };
    let mut checked = 0;
    let mut compare = |what: &str| {
        let told: BTreeSet<_> = told.lock().unwrap().drain(..).collect();
        let sent = script.take_requests();
        assert!(!sent.is_empty(), "{what} sent nothing");
        let needed: BTreeSet<_> = sent.iter().flat_map(needed).collect();
        assert_eq!(told, needed, "{what}");
        checked += 1;
    };
    let _ = store.get(&key(1)).await;
    compare("get");
    let _ = store.batch_get(&[key(1), Key::of(TenantId(7), "chat", "2")]).await;
    compare("batch_get");
    for index in [Index::Table, Index::Gsi1, Index::Due] {
        let _ = store.query(&Query::on(index, "T#7#lead")).await;
        compare("query");
    }
    for write in &all_kinds[..3] {
        let _ = store.write(write.clone()).await;
        compare("write");
    }
    let _ = store.transact(all_kinds).await;
    compare("transact");
    for name in QueueName::ALL {
        let _ = queue.send(name, vec![message(name)]).await;
        compare("send");
    }
    let _ = queue.receive(QueueName::Background, 1, Duration::from_secs(1)).await;
    compare("receive");
    let _ = queue.delete(QueueName::Background, "receipt").await;
    compare("delete");
    let _ = queue.release(QueueName::ResumeN8n, "receipt", Duration::ZERO).await;
    compare("release");
    let _ = blobs.put(&blob, "application/json", Bytes::from_static(b"{}")).await;
    compare("put");
    let _ = blobs.get(&blob, Some("v1")).await;
    compare("get a version");
    let _ = blobs.get(&blob, None).await;
    compare("get the newest");
    let _ = blobs.delete(&blob).await;
    compare("delete");
    let _ = sealer.seal(TenantId(7), "record", &"secret".into()).await;
    compare("seal");
    let _ = sealer.open(TenantId(7), "record", "1.AAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    compare("open");
    assert!(checked > 15);
}
