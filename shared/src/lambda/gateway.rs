//! What API Gateway does to a request on its way to a function, undone: the same answers as on a laptop.
//!
//! An HTTP API hands over the path decoded
//! (`rawPath`, <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>), so that a
//! sent `%3F` would begin a query and `%23` end the path. And it takes a path with a slash at its end for another one, which
//! none of a group's rows matches: such a request comes to the function behind the widest row, which is seldom its own.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri, header};
use lambda_http::request::LambdaRequest;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::http::routes;

/// What would not be part of the path any more: it was written encoded, or it would not have come here. The rest that a URI
/// cannot hold is encoded by who reads it.
const NOT_PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b'\\').add(b' ');

/// The event with the path encoded again. A `/` that was sent as `%2F` stays one: nothing of Baton's has one in its name.
pub(super) fn encoded(mut event: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(event) = &mut event
        && let Some(path) = &mut event.raw_path
    {
        *path = utf8_percent_encode(path, NOT_PATH).to_string();
    }
    event
}

/// Sends who put a slash at the end of another function's path there: 308, so that method and body go along (RFC 9110 §15.4.9).
pub(super) fn moved(function: &str, uri: &Uri) -> Option<Response<Body>> {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    let is_elsewhere = || {
        let mut fitting = routes::at(trimmed).peekable();
        fitting.peek().is_some() && fitting.all(|route| route.function != function)
    };
    if trimmed == path || !is_elsewhere() {
        return None;
    }
    let to = uri.query().map_or_else(|| trimmed.to_owned(), |query| format!("{trimmed}?{query}"));
    Some((StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to)]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(raw: &str) -> (String, Option<String>) {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": raw, "rawQueryString": "a=%3F", "headers": {},
            "requestContext": { "http": { "method": "GET", "path": raw, "sourceIp": "203.0.113.7" } },
            "isBase64Encoded": false
        });
        let request = super::super::http_request(&event.to_string()).unwrap();
        (request.uri().path().to_owned(), request.uri().query().map(str::to_owned))
    }

    #[test]
    fn a_decoded_path_stays_a_path() {
        for (decoded, path) in [
            ("/api/leads/7", "/api/leads/7"),
            ("/api/leads/a?b", "/api/leads/a%3Fb"),
            ("/api/leads/a#b", "/api/leads/a%23b"),
            ("/api/leads/a b", "/api/leads/a%20b"),
            ("/api/leads/a%41", "/api/leads/a%2541"),
            ("/api/leads/a\\b", "/api/leads/a%5Cb"),
            ("/api/leads/gr\u{fc}n", "/api/leads/gr%C3%BCn"),
        ] {
            assert_eq!(path_of(decoded), (path.to_owned(), Some("a=%3F".to_owned())), "{decoded}");
        }
    }

    #[test]
    fn a_slash_at_the_end_of_anothers_path_leads_there() {
        let to = |function, path: &'static str| {
            let moved = moved(function, &Uri::from_static(path))?;
            assert_eq!(moved.status(), StatusCode::PERMANENT_REDIRECT);
            Some(moved.headers()[header::LOCATION].to_str().unwrap().to_owned())
        };
        assert_eq!(to("installations", "/api/payloads/").as_deref(), Some("/api/payloads"));
        assert_eq!(to("installations", "/api/leads/7/?a=1").as_deref(), Some("/api/leads/7?a=1"));
        assert_eq!(to("payloads", "/api/payloads/"), None, "its own it serves");
        assert_eq!(to("installations", "/api/payloads"), None);
        assert_eq!(to("meta", "/nowhere/"), None);
        assert_eq!(to("meta", "//evil.example/"), None);
        assert_eq!(to("meta", "/"), None);
    }
}
