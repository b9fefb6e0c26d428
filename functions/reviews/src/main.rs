//! The Lambda entry point.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run_http("reviews", reviews::router()).await
}
