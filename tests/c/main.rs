//! What single routes of dialect C promise beyond what holds for all routes (`house`). Laid out like the URL tree.

mod api_keys;
mod password_resets;
mod second_factor;
mod team;
