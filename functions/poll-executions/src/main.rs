//! The Lambda entry point.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run_queue(shared::queue::QueueName::PollExecutions, poll_executions::handle).await
}
