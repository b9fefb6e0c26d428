//! A person's own credentials: login and logout, the password, the second factor, the personal API key; and what makes a person of
//! whoever holds an invitation, or gives another password to whoever has forgotten it.

mod api_key;
mod invitation;
mod login;
mod logout;
mod password;
mod password_reset;
mod second_factor;
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
        .mount(handler!(invitation::handler))
        .mount(handler!(password_reset::request))
        .mount(handler!(password_reset::confirm))
        .mount(handler!(second_factor::get))
        .mount(handler!(second_factor::begin))
        .mount(handler!(second_factor::give_up))
        .mount(handler!(second_factor::confirm))
        .mount(handler!(password::handler))
        .mount(handler!(api_key::get))
        .mount(handler!(api_key::copy))
        .mount(handler!(api_key::regenerate))
}
