//! What nobody waits for, after requests that have been answered: the worker of the queue `background`.

use shared::{
    app::App,
    work::{self, Outcome},
};

/// One message of the queue.
pub async fn handle(app: &App, body: &str) -> Outcome {
    work::handle(app, body).await
}
