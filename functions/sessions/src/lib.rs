//! A person's own credentials: login and logout, the password, the personal API key.

mod api_key;
mod login;
mod logout;
mod password;
mod verify;
mod wire;

use shared::http::group::{Routes, routes};

pub fn router<R: Routes>() -> R {
    R::new()
        .routes(routes!(login::admin_login))
        .routes(routes!(login::create_admin_session))
        .routes(routes!(login::log_in))
        .routes(routes!(verify::handler))
        .routes(routes!(logout::handler))
        .routes(routes!(password::handler))
        .routes(routes!(api_key::get))
        .routes(routes!(api_key::copy))
        .routes(routes!(api_key::regenerate))
}
