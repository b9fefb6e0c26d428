//! The Lambda entry point.

use shared::{lambda, wiring::fit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_queue(&resume_n8n::WORKER, &[fit::queue, fit::sealer, fit::http]).await
}
