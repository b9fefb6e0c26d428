//! The Lambda entry point.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), shared::lambda::Error> {
    shared::lambda::run_http("meta", meta::router()).await
}
