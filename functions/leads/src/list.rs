use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::{email, lead::Lead, lead_setup::LeadSetup, review::AutomationStatus, words},
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        fields::Fields,
        origin::{automation_status, check_group, execution_state},
        page,
        reply::Reply,
        shown::{Shown, shown},
    },
    ids::Id,
    repo::{indexed::Mark, leads::Filter, listing::Row, orgs},
};
use utoipa::{IntoParams, ToSchema};

use crate::{input, wire::LeadOut};

/// Which leads to list. Everything given must match.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct ListQuery {
    /// Label or id of a status.
    #[param(max_length = 200, example = "New")]
    status: Option<String>,
    /// Value of `lead_source`, whatever its case.
    #[param(max_length = 100)]
    source: Option<String>,
    group_id: Option<u64>,
    /// Text at the beginning of a word of name, e-mail address or company, whatever its case.
    #[param(max_length = 200)]
    search: Option<String>,
    /// The whole e-mail address, however it is spelled.
    #[param(max_length = 254)]
    email: Option<String>,
    /// `pending`, `approved`, `denied` or `regenerate`.
    automation_status: Option<String>,
    /// `1` for those that a person must decide on.
    human_interaction: Option<u8>,
    /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
    /// `over` for any of them.
    execution_state: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 400)]
    cursor: Option<String>,
}

/// A page of leads, newest first; what a search found in the order of what it found them by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadPage)]
pub struct Listing {
    leads: Vec<Shown<LeadOut>>,
    /// How many are on this page.
    count: usize,
    /// How many match in all; null while there are further pages.
    total: Option<usize>,
    /// Sent back as `cursor` it gives the next page; null on the last.
    next_cursor: Option<String>,
}

/// Where the page begins.
enum From {
    Newest(Option<Id>),
    Search(String, Option<Mark>),
}

/// Lists leads, newest first.
#[utoipa::path(get, path = "/api/leads/list", operation_id = "list_leads", tag = "leads",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    // Labels need the pipeline before the list is read; otherwise both are read at once.
    let known = if fields.has("status") { Some(ctx.lead_setups().load().await?) } else { None };
    let (limit, from) = page(&mut fields);
    let filter = filter(&mut fields, known.as_ref());
    fields.finish()?;
    check_group(&ctx, filter.group_id).await?;
    let first = matches!(from, From::Newest(None) | From::Search(_, None));
    let setup = async {
        match known {
            Some(setup) => Ok(setup),
            None => ctx.lead_setups().load().await,
        }
    };
    let ((found, next_cursor), setup) = try_join(list(&ctx, &filter, limit, from), setup).await?;
    let show = |lead| Ok(LeadOut::new(ctx.tenant(), lead, &setup));
    let leads = shown(ctx.tenant(), found, |lead| lead.subject.id, show)?;
    let count = leads.len();
    let total = (first && next_cursor.is_none()).then_some(count);
    Reply::ok(&Listing { leads, count, total, next_cursor })
}

async fn list(
    ctx: &Ctx,
    filter: &Filter,
    limit: usize,
    from: From,
) -> Result<(Vec<Row<Lead>>, Option<String>), shared::store::StoreError> {
    match from {
        From::Newest(before) => {
            let listed = ctx.leads().list(filter, limit, before).await?;
            let next = listed.next.map(page::cursor);
            Ok((listed.rows(), next))
        }
        From::Search(search, after) => {
            let groups = match filter.group_id {
                Some(id) => vec![id],
                None => {
                    let all = orgs::groups(&*ctx.app.store, ctx.tenant()).await?;
                    all.into_iter().map(|group| group.id).collect()
                }
            };
            let wanted = |lead: &Lead| filter.matches(lead);
            let searched = ctx.leads().search(&groups, &search, after, limit, wanted).await?;
            let next = searched.next.as_ref().map(page::search_cursor);
            Ok((searched.rows(), next))
        }
    }
}

fn page(fields: &mut Fields) -> (usize, From) {
    match fields.text("search", 200) {
        None => {
            let (limit, before) = page::read(fields);
            (limit, From::Newest(before))
        }
        Some(text) => {
            // One address has many spellings, and only one of them is stored.
            let search = words::search(&email::normal(&text).unwrap_or(text));
            let (limit, after) = page::read_search(fields, &search);
            (limit, From::Search(search, after))
        }
    }
}

fn filter(fields: &mut Fields, setup: Option<&LeadSetup>) -> Filter {
    fields.alias("source", "lead_source");
    Filter {
        group_id: fields.id("group_id"),
        status_ids: setup.and_then(|setup| Some(setup.named_as(input::status(fields, setup)?))),
        source: fields.text("source", 100).map(|text| words::fold(&text)),
        email: fields.email("email"),
        automation_status: automation_status(fields, &AutomationStatus::ALL),
        human_interaction: fields.flag("human_interaction"),
        execution_state: execution_state(fields),
    }
}
