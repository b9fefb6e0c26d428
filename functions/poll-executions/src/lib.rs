//! Follows runs to their end and lists n8n's workflows: the worker of the queue `poll-executions`.

use shared::{
    app::App,
    work::{self, Message, Outcome},
};

/// One message of the queue.
pub async fn handle(app: &App, message: &Message<'_>) -> Outcome {
    work::handle(app, message).await
}
