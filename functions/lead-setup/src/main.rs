//! The Lambda entry point.

use shared::{lambda, wiring::fit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_http("lead-setup", lead_setup::router(), &[fit::queue]).await
}
