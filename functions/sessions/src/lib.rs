//! A person's own credentials: login and logout, the password, the personal API key.

mod api_key;
mod login;
mod logout;
mod password;
mod verify;
mod wire;

use shared::http::group::{Routes, handler};

pub fn router<R: Routes>() -> R {
    R::new()
        .mount(handler!(login::admin_login))
        .mount(handler!(login::create_admin_session))
        .mount(handler!(login::log_in))
        .mount(handler!(verify::handler))
        .mount(handler!(logout::handler))
        .mount(handler!(password::handler))
        .mount(handler!(api_key::get))
        .mount(handler!(api_key::copy))
        .mount(handler!(api_key::regenerate))
}
