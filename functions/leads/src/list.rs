use crate::{input, wire::LeadOut};
use shared::{
    domain::{
        email, lead::Lead, lead_setup::LeadSetup, review::AutomationStatus, subject::ExecutionFilter, words,
    },
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        input::{Email, Flag, Limit, Text, Word},
        page::{self, DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT},
        reply::Reply,
    },
    ids::{GroupId, StatusId},
    ops::{leads, lists::Begin},
    repo::leads::Filter,
};

shared::input! {
    /// Which leads to list. Everything given must match.
    pub struct ListQuery {
        /// Label or id of a status.
        #[example("New")]
        status: Option<Text<200>>,
        /// Value of `lead_source`, whatever its case.
        #[alias("lead_source")]
        source: Option<Text<100>>,
        /// Only those of this client group.
        group_id: Option<GroupId>,
        /// Text at the beginning of a word of name, e-mail address or company, whatever its case.
        search: Option<Text<200>>,
        /// The whole e-mail address, however it is spelled.
        email: Option<Email>,
        /// `pending`, `approved`, `denied` or `regenerate`.
        automation_status: Option<Word<AutomationStatus>>,
        /// `1` for those that a person must decide on.
        human_interaction: Option<Flag>,
        /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
        /// `over` for any of them.
        execution_state: Option<Word<ExecutionFilter>>,
        /// 1 to 500, default 50.
        limit: Limit<DEFAULT_LIMIT, MAX_LIMIT>,
        /// `next_cursor` of the page before.
        cursor: Option<Text<MAX_CURSOR>>,
    }
    then(fields, setup: Option<&LeadSetup>) {
        status_ids: Option<Vec<StatusId>> = setup.and_then(|setup| {
            Some(setup.named_as(input::status_id(fields, setup, status.as_deref())?))
        }),
        begin: Begin = {
            // One address has many spellings, and only one of them is stored.
            let search = search.as_deref();
            let search = search.map(|text| words::search(&email::normal(text).unwrap_or_else(|| text.into())));
            page::begin(fields, search, cursor.as_deref())
        },
    }
}

shared::listing! {
    /// A page of leads, newest first; what a search found in the order of what it found them by.
    Listing as LeadPage { leads: LeadOut }
}

/// Lists leads, newest first.
#[utoipa::path(get, path = "/api/leads/list", operation_id = "list_leads",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, QueryFields(fields): QueryFields) -> Result<Reply> {
    // Labels need the pipeline before the list is read; otherwise both are read at once.
    let known = if fields.has("status") { Some(ctx.repos().lead_setups().load().await?) } else { None };
    let query = ListQuery::read(fields, known.as_ref())?;
    let ListQuery { limit, begin, status_ids, source, email, .. } = query;
    let filter = Filter {
        group_id: query.group_id,
        status_ids,
        source: source.map(|text| words::fold(&text)),
        email,
        automation_status: query.automation_status,
        human_interaction: query.human_interaction,
        execution_state: query.execution_state,
    };
    let (found, setup) = leads::list(&ctx, &filter, begin, limit, known).await?;
    Listing::of(ctx.tenant, found, Lead::id, |lead| Ok(LeadOut::new(ctx.tenant, lead, &setup)))
}
