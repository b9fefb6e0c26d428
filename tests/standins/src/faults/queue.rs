//! A queue that loses and repeats.

use super::*;

pub(super) struct FaultyQueue {
    pub(super) inner: Arc<dyn Queue>,
    pub(super) faults: Arc<Faults>,
}

pub(super) fn refused<T>() -> Result<T, QueueError> {
    Err(QueueError::Unavailable("refused by plan".into()))
}

impl FaultyQueue {
    /// What becomes of messages on the way: in a storm, some come twice, and some so late that others overtake them.
    fn on_the_way(&self, mut messages: Vec<Outgoing>) -> Vec<Outgoing> {
        let state = self.faults.state();
        let Plan::Storm { seed, .. } = state.plan else { return messages };
        let drawn = draw(!seed, state.calls.len());
        if drawn < 20 {
            messages.extend(messages.clone());
        }
        for (at, message) in messages.iter_mut().enumerate() {
            let late = draw(!seed, state.calls.len() + at + 1) % 4;
            message.delay = (message.delay + Duration::from_secs(late.into())).min(limits::DELAY);
        }
        messages
    }
}

#[async_trait]
impl Queue for FaultyQueue {
    async fn send(&self, queue: QueueName, messages: Vec<Outgoing>) -> Result<(), QueueError> {
        let messages = self.on_the_way(messages);
        let what = format!("queue.send {} {}", queue.as_str(), messages.len());
        self.faults.call(what, Some(refused), None, self.inner.send(queue, messages)).await
    }

    // Receiving and answering is the event source's side: it does not fail in the worker's process.
    async fn receive(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.inner.receive(queue, max, visibility).await
    }

    async fn receive_beside(
        &self,
        queue: QueueName,
        max: usize,
        visibility: Duration,
        full: &[TenantId],
    ) -> Result<Vec<Delivery>, QueueError> {
        self.inner.receive_beside(queue, max, visibility, full).await
    }

    async fn delete(&self, queue: QueueName, receipt: &str) -> Result<(), QueueError> {
        self.inner.delete(queue, receipt).await
    }

    async fn release(&self, queue: QueueName, receipt: &str, delay: Duration) -> Result<(), QueueError> {
        self.inner.release(queue, receipt, delay).await
    }

    async fn depth(&self, queue: QueueName) -> Result<Depth, QueueError> {
        self.inner.depth(queue).await
    }

    async fn waiting(&self, queue: QueueName) -> Result<usize, QueueError> {
        self.inner.waiting(queue).await
    }

    async fn redrive(&self, queue: QueueName) -> Result<usize, QueueError> {
        self.inner.redrive(queue).await
    }
}
