//! The SQS engine: standard queues, fair by tenant.
//!
//! Its one rule: a batch is ten answers. What SQS took stays sent, what it could not take now is sent again, and what it
//! will never take is an error.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, Message, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use aws_types::SdkConfig;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Delivery, Depth, Outgoing, Queue, QueueError, QueueName, check, limits};
use crate::aws::{OnUse, on_use};

/// Batches of one `send` under way at a time: a tick sends thousands of messages, at some ten milliseconds a batch.
const BATCHES_AT_ONCE: usize = 8;
/// How often the rest of a batch is sent again.
const ROUNDS: u32 = 4;
/// Seconds. A receive that waits asks every server of the queue; one that does not may miss what is there.
const WAIT: i32 = 1;

/// The addresses of one queue.
#[derive(Debug, Clone)]
pub struct QueueUrls {
    pub main: String,
    /// Dead letters: only whoever counts or redrives them needs to know where they are.
    pub dead: Option<String>,
}

/// The queues in SQS.
#[derive(Debug)]
pub struct SqsQueue {
    client: OnUse<Client>,
    urls: BTreeMap<QueueName, QueueUrls>,
}

impl SqsQueue {
    /// A function names the queues that it uses; any other is [`QueueError::Invalid`] to it.
    pub fn new(config: &SdkConfig, urls: BTreeMap<QueueName, QueueUrls>) -> Self {
        let config = config.clone();
        Self { client: on_use(move || Client::new(&config)), urls }
    }

    fn urls(&self, queue: QueueName) -> Result<&QueueUrls, QueueError> {
        self.urls
            .get(&queue)
            .ok_or_else(|| QueueError::Invalid(format!("no address of `{}`", queue.as_str())))
    }

    fn dead_letters(&self, queue: QueueName) -> Result<&str, QueueError> {
        let dead = self.urls(queue)?.dead.as_deref();
        dead.ok_or_else(|| {
            QueueError::Invalid(format!("no address of the dead letters of `{}`", queue.as_str()))
        })
    }

    async fn send_batch(
        &self,
        url: &str,
        mut entries: Vec<SendMessageBatchRequestEntry>,
    ) -> Result<(), QueueError> {
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(Duration::from_millis(50 << round)).await;
            }
            let request = self.client.send_message_batch().queue_url(url).set_entries(Some(entries.clone()));
            let answer = request.send().await.map_err(|e| refusal(&e))?;
            let failed = not_taken(answer)?;
            if failed.is_empty() {
                return Ok(());
            }
            entries.retain(|entry| failed.iter().any(|id| id == entry.id()));
        }
        Err(QueueError::Unavailable(format!("{} messages were not taken", entries.len())))
    }

    async fn count(&self, url: &str) -> Result<usize, QueueError> {
        use QueueAttributeName as Name;
        let counted = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let request =
            self.client.get_queue_attributes().queue_url(url).set_attribute_names(Some(counted.to_vec()));
        let found = request.send().await.map_err(|e| refusal(&e))?.attributes.unwrap_or_default();
        Ok(counted.iter().filter_map(|name| found.get(name)?.parse::<usize>().ok()).sum())
    }

    /// Copies one message to the queue, then deletes it: in this order a crash doubles a message and loses none.
    async fn move_back(&self, dead: &str, main: &str, message: Message) -> Result<(), QueueError> {
        let group = message
            .attributes()
            .and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId))
            .cloned();
        self.client
            .send_message()
            .queue_url(main)
            .set_message_body(message.body)
            .set_message_group_id(group)
            .send()
            .await
            .map_err(|e| refusal(&e))?;
        let receipt = message.receipt_handle.unwrap_or_default();
        stale_is_fine(self.client.delete_message().queue_url(dead).receipt_handle(receipt).send().await)
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Result<(), QueueError> {
        let url = &self.urls(queue)?.main;
        messages.iter().try_for_each(check::outgoing)?;
        let batches = batches(messages).into_iter().map(entries).collect::<Result<Vec<_>, _>>()?;
        stream::iter(batches)
            .map(|entries| self.send_batch(url, entries))
            .buffer_unordered(BATCHES_AT_ONCE)
            .try_collect()
            .await
    }

    async fn receive(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        check::batch(max)?;
        let request = self
            .client
            .receive_message()
            .queue_url(&self.urls(queue)?.main)
            .max_number_of_messages(i32::try_from(max).unwrap_or(1))
            .visibility_timeout(check::hidden_seconds(visibility)?.into())
            .wait_time_seconds(0)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let answer = request.send().await.map_err(|e| refusal(&e))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(delivery).collect())
    }

    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError> {
        let url = &self.urls(queue)?.main;
        stale_is_fine(self.client.delete_message().queue_url(url).receipt_handle(receipt).send().await)
    }

    async fn release(&self, queue: QueueName, receipt: &str, delay: Duration) -> Result<(), QueueError> {
        let seconds = check::hidden_seconds(delay)?;
        let request = self.client.change_message_visibility().queue_url(&self.urls(queue)?.main);
        stale_is_fine(request.receipt_handle(receipt).visibility_timeout(seconds.into()).send().await)
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        let (main, dead) = (&self.urls(queue)?.main, self.dead_letters(queue)?);
        Ok(Depth { waiting: self.count(main).await?, dead: self.count(dead).await? })
    }

    /// Moves message by message, not with `StartMessageMoveTask`: that answers before anything is moved, and forgets the
    /// count and the tenant.
    async fn redrive(&self, queue: QueueName) -> Result<usize, QueueError> {
        let (main, dead) = (&self.urls(queue)?.main, self.dead_letters(queue)?);
        let mut moved = 0;
        loop {
            let request = self
                .client
                .receive_message()
                .queue_url(dead)
                .max_number_of_messages(10)
                .wait_time_seconds(WAIT)
                .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
            let messages = request.send().await.map_err(|e| refusal(&e))?.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(moved);
            }
            for message in messages {
                self.move_back(dead, main, message).await?;
                moved += 1;
            }
        }
    }
}

/// Batches of at most ten messages that together stay within the size of one.
fn batches(messages: Vec<Outgoing>) -> Vec<Vec<Outgoing>> {
    let mut batches: Vec<Vec<Outgoing>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        bytes += message.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < limits::BATCH && bytes <= limits::BODY_BYTES => batch.push(message),
            _ => {
                bytes = message.body.len();
                batches.push(vec![message]);
            }
        }
    }
    batches
}

fn entries(batch: Vec<Outgoing>) -> Result<Vec<SendMessageBatchRequestEntry>, QueueError> {
    let entry = |(at, message): (usize, Outgoing)| {
        SendMessageBatchRequestEntry::builder()
            .id(at.to_string())
            .message_body(message.body)
            .delay_seconds(check::hidden_seconds(message.delay)?.into())
            .message_group_id(message.tenant.to_string())
            .build()
            .map_err(|e| QueueError::Invalid(e.to_string()))
    };
    batch.into_iter().enumerate().map(entry).collect()
}

/// The entries to send again. One that is the sender's fault will never be taken.
fn not_taken(answer: SendMessageBatchOutput) -> Result<Vec<String>, QueueError> {
    match answer.failed.iter().find(|entry| entry.sender_fault) {
        Some(entry) => {
            Err(QueueError::Invalid(format!("{}: {}", entry.code, entry.message().unwrap_or_default())))
        }
        None => Ok(answer.failed.into_iter().map(|BatchResultErrorEntry { id, .. }| id).collect()),
    }
}

fn delivery(message: Message) -> Delivery {
    let receives = message
        .attributes()
        .and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount)?.parse().ok())
        .unwrap_or(1);
    Delivery {
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        receives,
    }
}

/// A receipt that has had its time names no delivery any more, which is as good as done.
fn stale_is_fine<T, E>(answer: Result<T, SdkError<E>>) -> Result<(), QueueError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    const STALE: [&str; 4] = [
        "ReceiptHandleIsInvalid",
        "InvalidParameterValue",
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
    ];
    match answer {
        Err(error) if !error.code().is_some_and(|code| STALE.contains(&code)) => Err(refusal(&error)),
        _ => Ok(()),
    }
}

fn refusal<E>(error: &SdkError<E>) -> QueueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    const SENDERS: [&str; 5] = [
        "BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "MissingParameter",
    ];
    let text = DisplayErrorContext(error).to_string();
    if error.code().is_some_and(|code| SENDERS.contains(&code)) {
        QueueError::Invalid(text)
    } else {
        QueueError::Unavailable(text)
    }
}

#[cfg(test)]
mod tests {
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
            urls.insert(
                name,
                QueueUrls { main: create(&client, &main, Some(&dead)).await, dead: Some(dead) },
            );
        }
        (Box::new(|span| Box::pin(tokio::time::sleep(span))), SqsQueue::new(&config, urls))
    }

    async fn create(client: &Client, name: &str, dead: Option<&str>) -> String {
        let mut attributes = HashMap::new();
        if let Some(dead) = dead {
            let arn = QueueAttributeName::QueueArn;
            let found = client
                .get_queue_attributes()
                .queue_url(dead)
                .attribute_names(arn.clone())
                .send()
                .await
                .unwrap();
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
        let answer = |entry| {
            SendMessageBatchOutput::builder().failed(entry).set_successful(Some(vec![])).build().unwrap()
        };
        assert_eq!(not_taken(answer(failed("3", false))).unwrap(), ["3"]);
        assert!(matches!(not_taken(answer(failed("3", true))), Err(QueueError::Invalid(_))));
    }

    fn answer(failed: &[&str]) -> Answer {
        let failed: Vec<_> = failed
            .iter()
            .map(|id| json!({"Id": id, "Code": "InternalError", "SenderFault": false}))
            .collect();
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
}
