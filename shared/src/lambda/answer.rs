//! What a router answers, as Lambda takes it.
//!
//! Its one rule: what is UTF-8 goes as text, and anything else in base64, whatever its media type says: the caller receives the same
//! bytes. `lambda_http` would do it by itself, but decodes every charset that there is, whose tables are 0.15 MB of each function.

use std::pin::Pin;

use axum::{body, response::Response};
use http::StatusCode;
use lambda_http::{Body, IntoResponse};

/// A response of the router.
pub(super) struct Answer(pub Response);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = http::Response<Body>> + Send>> {
        Box::pin(async {
            let (mut parts, body) = self.0.into_parts();
            let body = match body::to_bytes(body, usize::MAX).await {
                Ok(all) => {
                    String::from_utf8(all.into()).map_or_else(|all| all.into_bytes().into(), Body::from)
                }
                Err(error) => {
                    tracing::error!(%error, "the body of an answer broke off");
                    parts.status = StatusCode::BAD_GATEWAY;
                    Body::Empty
                }
            };
            http::Response::from_parts(parts, body)
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::stream;

    use super::*;

    async fn told(body: body::Body) -> (u16, Body) {
        let answer = Answer(Response::new(body)).into_response().await;
        (answer.status().as_u16(), answer.into_body())
    }

    #[tokio::test]
    async fn text_goes_as_text_and_all_else_as_bytes() {
        assert_eq!(told("gr\u{fc}n".into()).await, (200, Body::Text("gr\u{fc}n".into())));
        assert_eq!(told(vec![0xff, 0].into()).await, (200, Body::Binary(vec![0xff, 0])));
        assert_eq!(told(body::Body::empty()).await, (200, Body::Text(String::new())));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_none() {
        let parts = [Ok(Bytes::from("half")), Err(std::io::Error::other("gone"))];
        assert_eq!(told(body::Body::from_stream(stream::iter(parts))).await, (502, Body::Empty));
    }
}
