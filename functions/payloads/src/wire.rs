//! What callers see of a payload.

use serde::Serialize;
use shared::{
    domain::payload::{Body, LISTED_BYTES, Payload},
    http::subject::SubjectOut,
    json::Json,
    tenant::TenantId,
};
use utoipa::ToSchema;

/// One payload.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayloadOut {
    #[serde(flatten)]
    subject: SubjectOut,
    #[schema(example = "Monthly SEO Report")]
    title: String,
    #[schema(example = "seo-report")]
    task_type: String,
    /// The content as it was sent. In lists it is null when it is larger than 64 KB; the single record has it whole.
    #[schema(value_type = Value)]
    payload: Json,
    /// Size of the content in bytes, when it is larger than 64 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_bytes: Option<u64>,
    /// Free status that the workflow sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl PayloadOut {
    /// `content` is null in lists when it is too large for one.
    pub fn new(tenant: TenantId, payload: Payload, content: Json) -> Self {
        let payload_bytes = match payload.body {
            Body::Blob { bytes, .. } if bytes > LISTED_BYTES => Some(bytes),
            _ => None,
        };
        Self {
            subject: SubjectOut::new(tenant, payload.subject),
            title: payload.title,
            task_type: payload.task_type,
            payload: content,
            payload_bytes,
            status: payload.status,
        }
    }
}
