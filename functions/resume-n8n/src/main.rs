//! The Lambda entry point.

use shared::{lambda, queue::QueueName, wiring::fit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_queue(QueueName::ResumeN8n, resume_n8n::handle, &[fit::queue, fit::sealer, fit::http]).await
}
