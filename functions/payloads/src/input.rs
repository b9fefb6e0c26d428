//! The fields of a payload as callers send them.

use shared::{
    http::input::{Flat, PostedFrom, Text},
    json::Json,
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
