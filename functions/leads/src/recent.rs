use futures::future::try_join;
use serde::Serialize;
use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        page,
        reply::Reply,
        shown::{Shown, shown},
    },
    repo::leads::Filter,
};
use utoipa::{IntoParams, ToSchema};

use crate::wire::LeadOut;

const DEFAULT: usize = 5;
const MOST: usize = 50;

/// How many leads to show.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct RecentQuery {
    /// 1 to 50, default 5.
    limit: Option<u32>,
}

/// The newest leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recent {
    leads: Vec<Shown<LeadOut>>,
    count: usize,
}

/// Shows the newest leads, for a dashboard.
#[utoipa::path(get, path = "/api/leads/recent", operation_id = "list_recent_leads", tag = "leads",
    params(RecentQuery), responses((status = 200, description = "The newest leads.", body = Recent)))]
pub async fn handler(ctx: Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let limit = page::limit(&mut fields, DEFAULT, MOST);
    fields.finish()?;
    let (leads, setups) = (ctx.leads(), ctx.lead_setups());
    let filter = Filter::default();
    let newest = leads.list(&filter, limit, None);
    let (listed, setup) = try_join(newest, setups.load()).await?;
    let show = |lead| Ok(LeadOut::new(ctx.tenant(), lead, &setup));
    let leads = shown(ctx.tenant(), listed.rows(), |lead| lead.subject.id, show)?;
    Reply::ok(&Recent { count: leads.len(), leads })
}
