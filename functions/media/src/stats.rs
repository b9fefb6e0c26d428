use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, input::InQuery, reply::Reply},
    ids::GroupId,
    ops::media,
};
use utoipa::ToSchema;

shared::input! {
    /// Of which media items to tell.
    pub struct StatsQuery {
        /// One client group instead of all.
        group_id: Option<GroupId>,
    }
}

/// How many media items there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MediaStats)]
pub struct Stats {
    #[schema(example = 12)]
    total: i64,
    by_type: ByType,
    by_status: ByStatus,
    /// Those that a person must still decide on.
    #[schema(example = 3)]
    pending_review: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ByType {
    #[schema(example = 7)]
    video: i64,
    #[schema(example = 4)]
    image: i64,
    #[schema(example = 0)]
    audio: i64,
    #[schema(example = 1)]
    file: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ByStatus {
    #[schema(example = 5)]
    pending: i64,
    #[schema(example = 6)]
    approved: i64,
    #[schema(example = 1)]
    denied: i64,
    /// Sent back to their workflow, which has not posted them again yet.
    #[schema(example = 0)]
    regenerate: i64,
}

/// Counts media items by type and by automation status.
#[utoipa::path(get, path = "/api/media/stats", operation_id = "get_media_stats",
    params(StatsQuery), responses((status = 200, description = "The counts.", body = Stats)))]
pub async fn handler(
    ctx: Ctx,
    InQuery(StatsQuery { group_id: group }): InQuery<StatsQuery>,
) -> Result<Reply> {
    let counts = media::counts(&ctx, group).await?;
    Reply::ok(&Stats {
        total: counts.total(),
        by_type: ByType { video: counts.video, image: counts.image, audio: counts.audio, file: counts.file },
        by_status: ByStatus {
            pending: counts.pending,
            approved: counts.approved,
            denied: counts.denied,
            regenerate: counts.regenerate,
        },
        pending_review: counts.pending_review,
    })
}
