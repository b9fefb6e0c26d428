//! What nobody waits for, after requests that have been answered: the worker of the queue `background`.

use shared::{
    app::App,
    work::{self, Message, Outcome},
};

/// One message of the queue.
pub async fn handle(app: &App, message: &Message<'_>) -> Outcome {
    work::handle(app, message).await
}
