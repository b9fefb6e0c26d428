use super::wire::InvoiceOut;
use shared::{
    domain::{
        invoice::{Invoice, InvoiceStatus},
        subject::ExecutionFilter,
    },
    error::Result,
    http::{
        ctx::Ctx,
        input::{Flat, InQuery, Paging, Text, Word},
        reply::Reply,
    },
    ids::GroupId,
    ops::invoices,
    repo::invoices::Filter,
};

shared::input! {
    /// Which invoices to list. Everything given must match.
    pub struct ListQuery {
        /// `draft`, `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
        status: Option<Word<InvoiceStatus>>,
        /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
        /// `over` for any of them.
        execution_state: Option<Word<ExecutionFilter>>,
        /// Only those of this client group.
        group_id: Option<GroupId>,
        /// Text to find in number, title and client, whatever its case.
        search: Option<Text<200>>,
        page: Flat<Paging>,
    }
}

shared::listing! {
    /// A page of invoices, newest first.
    Listing as InvoicePage { invoices: InvoiceOut }
}

/// Lists invoices, newest first.
#[utoipa::path(get, path = "/api/invoices/list", operation_id = "list_invoices",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let Paging { limit, cursor: before } = query.page;
    let filter = Filter {
        status: query.status,
        group_id: query.group_id,
        execution_state: query.execution_state,
        search: query.search.map(|text| text.to_lowercase()),
    };
    let found = invoices::list(&ctx, &filter, limit, before).await?;
    let show = |invoice| InvoiceOut::new(ctx.tenant, invoice);
    Listing::of(ctx.tenant, found, Invoice::id, show)
}
