//! What is asked of SQS and made of its answers, against answers that are written here.

use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::aws::standins::{self, Answer, Script};
use crate::queue::conformance::Wait;
use crate::store::conformance::fresh;
use crate::tenant::TenantId;

crate::queue_conformance!(
    ministack,
    async { in_ministack().await },
    #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"]
);

/// Queues of their own for each case, with dead-letter queues.
async fn in_ministack() -> (Wait, SqsQueue) {
    let config = standins::ministack();
    let client = Client::new(&config);
    let mut urls = BTreeMap::new();
    for name in QueueName::ALL {
        let [main, dead] = ["", "-dead"].map(|end| format!("{}-{}{end}", name.as_str(), fresh()));
        let dead = create(&client, &dead, None).await;
        urls.insert(name, QueueUrls { main: create(&client, &main, Some(&dead)).await, dead: Some(dead) });
    }
    (Box::new(|span| Box::pin(tokio::time::sleep(span))), SqsQueue::new(&config, urls))
}

async fn create(client: &Client, name: &str, dead: Option<&str>) -> String {
    let mut attributes = HashMap::new();
    if let Some(dead) = dead {
        let arn = QueueAttributeName::QueueArn;
        let found =
            client.get_queue_attributes().queue_url(dead).attribute_names(arn.clone()).send().await.unwrap();
        let arn = &found.attributes.unwrap()[&arn];
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": limits::MAX_RECEIVES});
        attributes.insert(QueueAttributeName::RedrivePolicy, policy.to_string());
    }
    let created = client.create_queue().queue_name(name).set_attributes(Some(attributes)).send().await;
    created.unwrap().queue_url.unwrap()
}

fn message(bytes: usize) -> Outgoing {
    Outgoing { body: "x".repeat(bytes), delay: Duration::ZERO, tenant: TenantId(1) }
}

fn sizes(messages: Vec<Outgoing>) -> Vec<usize> {
    batches(messages).iter().map(Vec::len).collect()
}

#[test]
fn a_batch_ends_at_ten_messages() {
    assert_eq!(sizes(vec![message(1); 21]), [10, 10, 1]);
    assert!(sizes(vec![]).is_empty());
}

#[test]
fn a_batch_ends_at_the_size_of_one_message() {
    let half = limits::BODY_BYTES / 2;
    assert_eq!(
        sizes(vec![message(half), message(half), message(1), message(limits::BODY_BYTES), message(1)]),
        [2, 1, 1, 1]
    );
}

#[test]
fn only_the_services_own_failures_are_sent_again() {
    let failed = |id: &str, ours| {
        BatchResultErrorEntry::builder().id(id).code("InternalError").sender_fault(ours).build().unwrap()
    };
    let answer =
        |entry| SendMessageBatchOutput::builder().failed(entry).set_successful(Some(vec![])).build().unwrap();
    assert_eq!(not_taken(answer(failed("3", false))).unwrap(), ["3"]);
    assert!(matches!(not_taken(answer(failed("3", true))), Err(QueueError::Invalid(_))));
}

fn answer(failed: &[&str]) -> Answer {
    let failed: Vec<_> =
        failed.iter().map(|id| json!({"Id": id, "Code": "InternalError", "SenderFault": false})).collect();
    Answer::Json(200, json!({"Successful": [], "Failed": failed}))
}

fn scripted(answers: impl IntoIterator<Item = Answer>) -> (Script, SqsQueue) {
    let (script, config) = Script::new(answers);
    let urls = QueueUrls {
        main: "http://script.invalid/main".into(),
        dead: Some("http://script.invalid/dead".into()),
    };
    (script, SqsQueue::new(&config, [(QueueName::ResumeN8n, urls)].into()))
}

#[tokio::test]
async fn only_what_was_not_taken_is_sent_again() {
    let (script, queue) = scripted([answer(&["0", "2"]), answer(&["2"]), answer(&[])]);
    queue.send(QueueName::ResumeN8n, vec![message(1); 3]).await.unwrap();
    let sent: Vec<Vec<_>> = script
        .requests()
        .iter()
        .map(|request| {
            request["Entries"].as_array().unwrap().iter().map(|entry| entry["Id"].clone()).collect()
        })
        .collect();
    assert_eq!(json!(sent), json!([["0", "1", "2"], ["0", "2"], ["2"]]));
    assert_eq!(script.requests()[0]["Entries"][0]["MessageGroupId"], "1", "fair by tenant");
}

#[tokio::test]
async fn what_is_never_taken_is_unavailable() {
    let (_, queue) = scripted((0..ROUNDS).map(|_| answer(&["0"])));
    let sent = queue.send(QueueName::ResumeN8n, vec![message(1)]).await;
    assert!(matches!(sent, Err(QueueError::Unavailable(_))), "{sent:?}");
}

#[tokio::test]
async fn a_queue_without_an_address_is_invalid() {
    let (_, queue) = scripted([]);
    let sent = queue.send(QueueName::PollExecutions, vec![message(1)]).await;
    assert!(matches!(sent, Err(QueueError::Invalid(_))), "{sent:?}");
}
