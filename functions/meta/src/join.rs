use axum::response::{Html, IntoResponse, Response};
use http::header;

/// It sends what it finds behind the `#` to the API that it came from, and nothing to anybody else.
const PAGE: &str = include_str!("join.html");

/// The page that links of invitations and password resets lead to.
///
/// The token stands behind the `#` of the link, which no browser sends: the page takes it from there.
#[utoipa::path(get, path = "/join", operation_id = "join",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")))]
pub async fn handler() -> Response {
    let policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; \
                  img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy), (header::REFERRER_POLICY, "no-referrer")], Html(PAGE))
        .into_response()
}
