//! Tells n8n of decisions: the worker of the queue `resume-n8n`.

use shared::{
    app::App,
    work::{self, Handled, Message},
};

/// One message of the queue.
pub async fn handle(app: &App, message: &Message<'_>) -> Handled {
    work::handle(app, message).await
}
