//! The Lambda entry point.

use shared::{lambda, queue::QueueName, wiring::fit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_queue(QueueName::Background, background::handle, &[fit::queue, fit::blobs, fit::http]).await
}
