//! Follows runs to their end and lists n8n's workflows: the worker of the queue `poll-executions`.

use shared::{
    app::App,
    work::{self, Outcome},
};

/// One message of the queue.
pub async fn handle(app: &App, body: &str) -> Outcome {
    work::handle(app, body).await
}
