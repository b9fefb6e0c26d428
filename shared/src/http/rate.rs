//! Which rate limits a request comes under ([`crate::rate`] holds them).

use super::routes::RateClass;
pub use crate::rate::{Limit, Standing, Window};
pub(crate) use crate::rate::{WINDOW, write_headers};
use crate::{config::Settings, domain::principal::Principal};

/// The limits of a caller's request: those of the route's class, and those of the API key, which count all routes.
pub(super) fn limits(class: RateClass, settings: &Settings, caller: &Principal) -> Vec<Limit> {
    let of_class = class.limit(settings).map(|(class, most)| (class, most, Window::Minute));
    let terms = &caller.terms;
    let by_minute = terms.rate_limit_per_minute.map(|most| ("key-minute", most, Window::Minute));
    let by_hour = terms.rate_limit_per_hour.map(|most| ("key-hour", most, Window::Hour));
    let all = of_class.into_iter().chain(by_minute).chain(by_hour);
    all.map(|(class, most, window)| Limit { class, most, window }).collect()
}
