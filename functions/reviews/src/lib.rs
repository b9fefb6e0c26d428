//! Human review: approve, deny, regenerate.

mod decide;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(decide::approve))
        .mount(handler!(decide::deny))
        .mount(handler!(decide::regenerate))
}
