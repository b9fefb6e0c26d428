use crate::wire::PayloadOut;
use shared::{
    domain::{payload::Payload, review::AutomationStatus, subject::ExecutionFilter},
    error::Result,
    http::{
        ctx::Ctx,
        input::{Flag, Flat, InQuery, Paging, Text, Word},
        reply::Reply,
    },
    ids::GroupId,
    ops::payloads,
    repo::payloads::Filter,
};

shared::input! {
    /// Which payloads to list. Everything given must match.
    pub struct ListQuery {
        task_type: Option<Text<100>>,
        /// `pending`, `approved`, `denied` or `regenerate`.
        automation_status: Option<Word<AutomationStatus>>,
        /// `1` for those that a person must decide on.
        human_interaction: Option<Flag>,
        /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
        /// `over` for any of them.
        execution_state: Option<Word<ExecutionFilter>>,
        /// Only those of this client group.
        group_id: Option<GroupId>,
        /// Text to find in title and task type, whatever its case.
        search: Option<Text<200>>,
        page: Flat<Paging>,
    }
}

shared::listing! {
    /// A page of payloads, newest first.
    Listing as PayloadPage { payloads: PayloadOut }
}

/// Lists payloads, newest first.
#[utoipa::path(get, path = "/api/payloads/list", operation_id = "list_payloads",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let Paging { limit, cursor: before } = query.page;
    let filter = Filter {
        task_type: query.task_type,
        automation_status: query.automation_status,
        human_interaction: query.human_interaction,
        execution_state: query.execution_state,
        group_id: query.group_id,
        search: query.search.map(|text| text.to_lowercase()),
    };
    let found = payloads::list(&ctx, &filter, limit, before).await?;
    let show = |payload: Payload| {
        let content = payloads::inline(&payload.body)?;
        Ok(PayloadOut::new(ctx.tenant, payload, content))
    };
    Listing::of(ctx.tenant, found, Payload::id, show)
}
