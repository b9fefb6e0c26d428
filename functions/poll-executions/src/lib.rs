//! Follows runs to their end and lists n8n's workflows: the worker of the queue `poll-executions`.

use shared::{
    app::App,
    work::{self, Handled, Message},
};

/// One message of the queue.
pub async fn handle(app: &App, message: &Message<'_>) -> Handled {
    work::handle(app, message).await
}
