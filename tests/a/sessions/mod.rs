mod api_key;
mod cookies;
mod login;
mod password;
mod tokens;
mod users;
