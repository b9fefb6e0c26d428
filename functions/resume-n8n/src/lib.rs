//! Tells n8n of decisions: the worker of the queue `resume-n8n`.

use shared::{
    app::App,
    work::{self, Outcome},
};

/// One message of the queue.
pub async fn handle(app: &App, body: &str) -> Outcome {
    work::handle(app, body).await
}
