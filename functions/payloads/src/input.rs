//! The fields of a payload as callers send them.

use shared::{
    http::input::{Flat, PostedFrom, Text},
    json::Json,
    ops::payloads::NewPayload,
};

shared::input! {
    /// A payload to create.
    pub struct CreatePayload {
        /// Display name.
        #[example("Monthly SEO Report")]
        pub title: Text<500>,
        /// Label to group by; `generic` when left out.
        #[example("seo-report")]
        pub task_type: Option<Text<100>>,
        /// Any JSON, or text. Text that holds a JSON object or array is decoded.
        #[example({ "domain": "example.com", "backlinks": 342 })]
        pub payload: Option<Json>,
        /// Free status.
        pub status: Option<Text<200>>,
        pub origin: Flat<PostedFrom>,
    }
}

impl From<CreatePayload> for NewPayload {
    fn from(posted: CreatePayload) -> Self {
        Self {
            title: posted.title,
            task_type: posted.task_type,
            content: posted.payload.unwrap_or_else(Json::null),
            status: posted.status,
            origin: posted.origin.into(),
        }
    }
}
