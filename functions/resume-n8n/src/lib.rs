//! Tells n8n of decisions: the worker of the queue `resume-n8n`.

use shared::{
    app::App,
    work::{self, Message, Outcome},
};

/// One message of the queue.
pub async fn handle(app: &App, message: &Message<'_>) -> Outcome {
    work::handle(app, message).await
}
