//! What nobody waits for, after requests that have been answered: the worker of the queue `background`.

use shared::{
    app::App,
    work::{self, Handled, Message},
};

/// One message of the queue.
pub async fn handle(app: &App, message: &Message<'_>) -> Handled {
    work::handle(app, message).await
}
