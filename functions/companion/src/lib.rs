//! What the vendor's own n8n nodes keep beside document 000: notifications, invoices, chats.

mod chats;
mod invoices;
mod notifications;

use shared::app::SharedApp;
use utoipa_axum::router::OpenApiRouter;

pub fn router() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new().merge(notifications::router()).merge(invoices::router()).merge(chats::router())
}
