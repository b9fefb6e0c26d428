use serde::Serialize;
use shared::{
    domain::{payload::Payload, review::AutomationStatus},
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        origin::{automation_status, check_group, execution_state},
        page,
        reply::Reply,
        shown::{Shown, shown},
    },
    ops::payloads::inline,
    repo::payloads::Filter,
};
use utoipa::{IntoParams, ToSchema};

use crate::{input::task_type, wire::PayloadOut};

/// Which payloads to list. Everything given must match.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct ListQuery {
    #[param(max_length = 100)]
    task_type: Option<String>,
    /// `pending`, `approved`, `denied` or `regenerate`.
    automation_status: Option<String>,
    /// `1` for those that a person must decide on.
    human_interaction: Option<u8>,
    /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
    /// `over` for any of them.
    execution_state: Option<String>,
    group_id: Option<u64>,
    /// Text to find in title and task type, whatever its case.
    #[param(max_length = 200)]
    search: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 400)]
    cursor: Option<String>,
}

/// A page of payloads, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayloadPage)]
pub struct Listing {
    payloads: Vec<Shown<PayloadOut>>,
    /// How many are on this page.
    count: usize,
    /// How many match in all; null while there are further pages.
    total: Option<usize>,
    /// Sent back as `cursor` it gives the next page; null on the last.
    next_cursor: Option<String>,
}

/// Lists payloads, newest first.
#[utoipa::path(get, path = "/api/payloads/list", operation_id = "list_payloads", tag = "payloads",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let (limit, before) = page::read(&mut fields);
    let filter = Filter {
        task_type: task_type(&mut fields),
        automation_status: automation_status(&mut fields, &AutomationStatus::ALL),
        human_interaction: fields.flag("human_interaction"),
        execution_state: execution_state(&mut fields),
        group_id: fields.id("group_id"),
        search: fields.text("search", 200).map(|text| text.to_lowercase()),
    };
    fields.finish()?;
    check_group(&ctx, filter.group_id).await?;
    let found = ctx.repos().payloads().list(&filter, limit, before).await?;
    let next = found.next;
    let show = |payload: Payload| {
        let content = inline(&payload.body)?;
        Ok(PayloadOut::new(ctx.tenant, payload, content))
    };
    let payloads = shown(ctx.tenant, found.rows(), |payload| payload.subject.id, show)?;
    Reply::ok(&Listing {
        count: payloads.len(),
        total: (before.is_none() && next.is_none()).then_some(payloads.len()),
        payloads,
        next_cursor: next.map(page::cursor),
    })
}
