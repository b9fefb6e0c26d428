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

    async fn waiting(&self, queue: QueueName) -> Result<usize, QueueError> {
        self.count(&self.urls(queue)?.main).await
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
mod tests;
