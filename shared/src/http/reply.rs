//! Successful replies, serialized before they are stored, so that a replay is the same to the byte.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::error::{Error, Result};

/// A JSON reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub body: String,
    /// It repeats the stored reply to an earlier request with the same `Idempotency-Key`.
    pub replayed: bool,
}

impl Reply {
    pub fn new(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(Error::internal)?;
        Ok(Self { status, body, replayed: false })
    }

    pub fn ok(body: &impl Serialize) -> Result<Self> {
        Self::new(StatusCode::OK, body)
    }

    pub fn created(body: &impl Serialize) -> Result<Self> {
        Self::new(StatusCode::CREATED, body)
    }

    /// The reply to an earlier request.
    pub fn replay(status: u16, body: String) -> Result<Self> {
        Ok(Self { status: StatusCode::from_u16(status).map_err(Error::internal)?, body, replayed: true })
    }
}

/// Something that the caller should know of a request that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Warning {
    #[schema(example = "response_left_out")]
    pub code: &'static str,
    #[schema(example = "n8n's answer is left out.")]
    pub message: String,
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.replayed {
            headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
