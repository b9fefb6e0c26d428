//! Paths as they come, for what looks at one before the router has: the host's gate, and whoever asks for the dialect.
//!
//! Its one rule: a path is read as the router reads it: whole segments, and a word of the pattern goes before a parameter.

use std::{collections::HashMap, sync::LazyLock};

use super::{ROUTES, Route};

/// The rows by what their patterns begin with ([`beginning`]); under the empty text those that have a parameter there already. A
/// request looks for its row several times, and the whole table would be a tenth of what a read costs.
static BY_BEGINNING: LazyLock<HashMap<&'static str, Vec<&'static Route>>> = LazyLock::new(|| {
    let mut all = HashMap::<_, Vec<_>>::new();
    for route in ROUTES {
        let beginning = beginning(route.path);
        all.entry(if beginning.contains('{') { "" } else { beginning }).or_default().push(route);
    }
    all
});

/// The first two segments of a path or a pattern.
fn beginning(path: &str) -> &str {
    let third = path.match_indices('/').nth(2);
    third.map_or(path, |(at, _)| path.get(..at).unwrap_or(path))
}

/// The rows that a path may fit, or that may have this pattern.
pub(super) fn likely(path: &str) -> impl Iterator<Item = &'static Route> {
    let begun = |beginning| BY_BEGINNING.get(beginning).into_iter().flatten().copied();
    begun(beginning(path)).chain(begun(""))
}

/// A path as the router will read it: one slash in front and none behind, however many were sent. For what looks at a path
/// before [`crate::http::layers::platform`] has put it in order.
pub fn as_routed(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let in_front = path.len() - path.trim_start_matches('/').len();
    match path.get(in_front.saturating_sub(1)..) {
        None | Some("") => "/",
        Some(path) => path,
    }
}

/// The rows of the pattern that the router would choose for a path, of whichever dialect and method; none where there is no
/// such address.
pub fn at(path: &str) -> impl Iterator<Item = &'static Route> {
    let fitting = likely(path).filter(|route| fits(route.path, path));
    let chosen = fitting.max_by_key(|route| words(route.path)).map(|route| route.path);
    chosen.into_iter().flat_map(|chosen| likely(chosen).filter(move |route| route.path == chosen))
}

/// Whether a pattern matches a path.
pub fn fits(pattern: &str, path: &str) -> bool {
    // Most patterns differ from most paths before their first parameter, and then nothing is split.
    let fixed = pattern.find('{').unwrap_or(pattern.len());
    if path.get(..fixed) != pattern.get(..fixed) {
        return false;
    }
    let (mut parts, mut sent) = (pattern.split('/'), path.split('/'));
    loop {
        match (parts.next(), sent.next()) {
            (None, None) => return true,
            (Some(part), Some(word)) if is_parameter(part) && !word.is_empty() || part == word => {}
            _ => return false,
        }
    }
}

/// What stands in a path where the pattern has the parameter.
pub fn parameter<'a>(pattern: &str, path: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = pattern.split('/').zip(path.split('/'));
    pairs.find_map(|(part, word)| (part == name).then_some(word))
}

/// Which segments of a pattern are words, the first in the highest bit: of two that match the same path, the greater is the
/// one that a router prefers.
fn words(pattern: &str) -> u32 {
    pattern.split('/').fold(0, |bits, part| bits << 1 | u32::from(!is_parameter(part)))
}

fn is_parameter(part: &str) -> bool {
    part.starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_segments() {
        for (pattern, path, matches) in [
            ("/", "/", true),
            ("/api", "/api", true),
            ("/api", "/apis", false),
            ("/api/leads/{id}", "/api/leads/101", true),
            ("/api/leads/{id}", "/api/leads", false),
            ("/api/leads/{id}", "/api/leads/", false),
            ("/api/leads/{id}", "/api/leads/101/x", false),
            ("/api/chats/{id}/messages/{message_id}", "/api/chats/1/messages/2", true),
            ("/api/chats/{id}/messages/{message_id}", "/api/chats/1/message/2", false),
            ("/docs", "/doc\u{e4}", false),
        ] {
            assert_eq!(fits(pattern, path), matches, "{pattern} {path}");
        }
    }

    #[test]
    fn a_word_goes_before_a_parameter() {
        for (path, pattern) in [
            ("/api/leads/list", Some("/api/leads/list")),
            ("/api/leads/101", Some("/api/leads/{id}")),
            ("/api/leads/101/x", None),
        ] {
            assert_eq!(at(path).next().map(|route| route.path), pattern, "{path}");
            assert!(at(path).all(|route| Some(route.path) == pattern));
        }
        let methods: Vec<_> = at("/api/leads/101").map(|route| route.method.as_str()).collect();
        assert_eq!(methods, ["GET", "PATCH", "DELETE"]);
    }

    #[test]
    fn a_path_is_read_as_the_router_reads_it() {
        for (sent, read) in [
            ("/", "/"),
            ("//", "/"),
            ("", "/"),
            ("/api/payloads", "/api/payloads"),
            ("/api/payloads/", "/api/payloads"),
            ("///api/payloads//", "/api/payloads"),
            ("/api//payloads", "/api//payloads"),
        ] {
            assert_eq!(as_routed(sent), read, "{sent}");
        }
    }
}
