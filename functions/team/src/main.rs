//! The Lambda entry point.

use shared::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda::Error> {
    lambda::run_http("team", team::router(), &[]).await
}
