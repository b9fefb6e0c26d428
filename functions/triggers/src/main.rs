//! The Lambda entry point.

use shared::{lambda, wiring::fit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_http("triggers", triggers::router(), &[fit::queue, fit::sealer, fit::http]).await
}
