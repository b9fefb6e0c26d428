use serde::Serialize;
use shared::{
    domain::chat::Counts,
    error::Result,
    http::{ctx::Ctx, input::InQuery, reply::Reply},
    ids::GroupId,
    ops::chats,
};
use utoipa::ToSchema;

shared::input! {
    /// Whose chats to count.
    pub struct StatsQuery {
        /// One client group; all when left out.
        group_id: Option<GroupId>,
    }
}

/// Sums over chats and messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatStats)]
pub struct Stats {
    success: bool,
    #[schema(value_type = Option<u64>)]
    group_id: Option<GroupId>,
    #[schema(example = 12)]
    total_sessions: i64,
    active_sessions: i64,
    completed_sessions: i64,
    abandoned_sessions: i64,
    #[schema(example = 96)]
    total_messages: i64,
    messages_by_role: ByRole,
    /// Messages of a chat on average, to two decimals; 0 where there is no chat.
    #[schema(example = 8.0)]
    average_messages: f64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ByRole {
    user: i64,
    assistant: i64,
    system: i64,
    tool: i64,
}

/// Counts chats and messages.
#[utoipa::path(get, path = "/api/chats/stats", operation_id = "get_chat_stats",
    params(StatsQuery), responses((status = 200, description = "The sums.", body = Stats)))]
pub async fn handler(ctx: Ctx, InQuery(StatsQuery { group_id }): InQuery<StatsQuery>) -> Result<Reply> {
    let sums = chats::sums(&ctx, group_id).await?;
    let total_sessions = sums.active + sums.completed + sums.abandoned;
    let Counts { user, assistant, system, tool } = sums.messages;
    Reply::ok(&Stats {
        success: true,
        group_id,
        total_sessions,
        active_sessions: sums.active,
        completed_sessions: sums.completed,
        abandoned_sessions: sums.abandoned,
        total_messages: sums.messages.total(),
        messages_by_role: ByRole { user, assistant, system, tool },
        average_messages: average(sums.messages.total(), total_sessions),
    })
}

#[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
fn average(messages: i64, sessions: i64) -> f64 {
    if sessions == 0 { 0.0 } else { (messages as f64 / sessions as f64 * 100.0).round() / 100.0 }
}
