//! Whole requests: every route, any path, query and body.

use std::collections::BTreeSet;

use http::{Method, Uri};
use serde_json::Value;

use super::{
    house::{Answer, Document, House, SECRET},
    lines,
};
use shared::http::routes::{Auth, ROUTES, RateClass, Route, as_routed};

/// A request gets one of the documented replies, a refusal writes nothing and names only fields that there are, what was
/// stored can be read, and no other organization's things are touched. Input: method and path on the first line, the
/// body behind it.
pub fn request(house: &House, data: &[u8]) {
    let [line, body] = lines::<2>(data);
    let Some((method, path)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(' ')) else {
        return;
    };
    let path = house.path(path);
    let (Ok(method), Ok(uri)) = (method.parse::<Method>(), path.parse::<Uri>()) else { return };
    if !path.starts_with('/') {
        return;
    }
    let route = route(&method, uri.path());
    let public = route.is_some_and(|route| route.auth == Auth::Public);
    // Logging in is slow on purpose.
    if public && method == Method::POST {
        return;
    }
    house.visit(async |visit| {
        let answer = visit.ask(method.clone(), &path, body).await;
        let what =
            format!("{method} {path} {}\n{} {}", String::from_utf8_lossy(body), answer.status, answer.text);
        documented(&house.document, &method, route, &answer, &what);
        // The document shows one as an example.
        let is_sent = path.contains(SECRET) || contains(body, SECRET) || public;
        assert!(is_sent || !answer.text.contains(SECRET), "{what}");
        if (400..500).contains(&answer.status) {
            let rated = route.is_some_and(|route| route.rate != RateClass::None);
            assert!(!answer.wrote || rated, "a refusal wrote something: {what}");
        }
        names(&house.document, &uri, body, &answer, &what);
        // What was written can be read.
        if answer.wrote && answer.status < 300 {
            for path in shown_at(&method, uri.path(), &answer) {
                let shown = visit.ask(Method::GET, &path, b"").await;
                assert_eq!(shown.status, 200, "{path} after {what}: {}", shown.text);
            }
        }
    });
}

/// The route of a path: with fewer blanks before with more.
fn route(method: &Method, path: &str) -> Option<&'static Route> {
    let path = as_routed(path);
    let blanks = |route: &&Route| route.path.matches('{').count();
    let of_method = ROUTES.iter().filter(|route| route.method.as_str() == method.as_str());
    of_method.filter(|route| fits(route.path, path)).min_by_key(blanks)
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut parts, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part == given || part.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

fn documented(document: &Document, method: &Method, route: Option<&Route>, answer: &Answer, what: &str) {
    assert_ne!(answer.status, 500, "{what}");
    let replies = route.and_then(|route| document.replies.get(&(method.clone(), route.path.to_owned())));
    if let Some(replies) = replies {
        assert!(replies.contains(&answer.status), "{what}\nis none of {replies:?}");
    }
}

fn names(document: &Document, uri: &Uri, body: &[u8], answer: &Answer, what: &str) {
    let blamed = answer.json.as_ref().and_then(|json| json.get("errors")).and_then(Value::as_object);
    let Some(blamed) = blamed else { return };
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut sent: BTreeSet<String> = query.map(|(name, _)| name.into_owned()).collect();
    if let Some(Value::Object(map)) = standins::json(body) {
        sent.extend(map.keys().cloned());
    }
    for name in blamed.keys() {
        let outer = name.split(['.', '[']).next().unwrap_or(name);
        let is_known =
            [name.as_str(), outer].iter().any(|name| sent.contains(*name) || document.names.contains(*name));
        assert!(is_known, "{name} is no field: {what}");
    }
}

/// Where the thing that was made or changed is shown.
fn shown_at(method: &Method, path: &str, answer: &Answer) -> Vec<String> {
    let id = answer.json.as_ref().and_then(|json| json.get("id"));
    let made = id.filter(|_| method == Method::POST).map(|id| format!("{path}/{id}"));
    let changed = [Method::PATCH, Method::PUT].contains(method).then(|| path.to_owned());
    let has_route = |path: &String| self::route(&Method::GET, path).is_some();
    made.into_iter().chain(changed).filter(has_route).collect()
}

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|part| part == text.as_bytes())
}
