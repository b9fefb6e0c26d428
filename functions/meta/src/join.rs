use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::header;
use sha2::{Digest, Sha256};

/// It sends what it finds behind the `#` to the API that it came from, and nothing to anybody else.
const PAGE: &str = include_str!("join.html");

/// What a browser may do for the page: run its own script and no other, and ask its own API.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let (script, style) = (hash_of("script"), hash_of("style"));
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// The source expression for the one element of this name that the page has (CSP level 3, §2.3.1).
fn hash_of(element: &str) -> String {
    let (opens, closes) = (format!("<{element}>"), format!("</{element}>"));
    let inside = PAGE.split_once(&opens).and_then(|(_, rest)| rest.split_once(&closes));
    let digest = Sha256::digest(inside.map_or("", |(inside, _)| inside));
    format!("'sha256-{}'", BASE64_STANDARD.encode(digest))
}

/// The page that links of invitations and password resets lead to.
///
/// The token stands behind the `#` of the link, which no browser sends: the page takes it from there.
#[utoipa::path(get, path = "/join", operation_id = "join",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn handler() -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(PAGE)).into_response()
}
