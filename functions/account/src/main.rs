//! The Lambda entry point.

use shared::{lambda, wiring::fit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_http("account", account::router(), &[fit::queue]).await
}
