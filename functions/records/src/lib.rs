//! What the vendor's own n8n nodes keep beside document 000: notifications, invoices, chats.

mod chats;
mod invoices;
mod notifications;

use shared::http::group::Routes;

pub fn router<R: Routes>() -> R {
    R::new().merge(notifications::router()).merge(invoices::router()).merge(chats::router())
}
