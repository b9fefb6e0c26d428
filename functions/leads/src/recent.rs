use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::lead::Lead,
    error::Result,
    http::{
        ctx::Ctx,
        input::{InQuery, Limit},
        reply::Reply,
        shown::{Shown, shown},
    },
    repo::leads::Filter,
};
use utoipa::ToSchema;

use crate::wire::LeadOut;

shared::input! {
    /// How many leads to show.
    pub struct RecentQuery {
        /// 1 to 50, default 5.
        limit: Limit<5, 50>,
    }
}

/// The newest leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recent {
    leads: Vec<Shown<LeadOut>>,
    count: usize,
}

/// Shows the newest leads, for a dashboard.
#[utoipa::path(get, path = "/api/leads/recent", operation_id = "list_recent_leads",
    params(RecentQuery), responses((status = 200, description = "The newest leads.", body = Recent)))]
pub async fn handler(ctx: Ctx, InQuery(RecentQuery { limit }): InQuery<RecentQuery>) -> Result<Reply> {
    let (leads, setups) = (ctx.repos().leads(), ctx.repos().lead_setups());
    let filter = Filter::default();
    let newest = leads.list(&filter, limit, None);
    let (listed, setup) = try_join(newest, setups.load()).await?;
    let show = |lead| Ok(LeadOut::new(ctx.tenant, lead, &setup));
    let leads = shown(ctx.tenant, listed.rows(), Lead::id, show)?;
    Reply::ok(&Recent { count: leads.len(), leads })
}
