//! The Lambda entry point.

use shared::{lambda, wiring::fit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_http("n8n-nodes", n8n_nodes::router(), &[fit::sealer, fit::http]).await
}
