//! The Lambda entry point.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run_queue(shared::queue::QueueName::ResumeN8n, resume_n8n::handle).await
}
