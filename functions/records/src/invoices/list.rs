use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        origin::{check_group, execution_state},
        page,
        reply::Reply,
        shown::{Shown, shown},
    },
    repo::invoices::Filter,
};
use utoipa::IntoParams;

use super::{input::status, wire::InvoiceOut};

/// Which invoices to list. Everything given must match.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct ListQuery {
    /// `draft`, `sent`, `viewed`, `paid`, `overdue`, `disputed` or `cancelled`.
    status: Option<String>,
    /// How the execution that handed it in stands, as far as Baton has learned: `ended`, `failed`, `gone`, `passed`, or
    /// `over` for any of them.
    execution_state: Option<String>,
    group_id: Option<u64>,
    /// Text to find in number, title and client, whatever its case.
    #[param(max_length = 200)]
    search: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 400)]
    cursor: Option<String>,
}

shared::listing! {
    /// A page of invoices, newest first.
    Listing as InvoicePage { invoices: InvoiceOut }
}

/// Lists invoices, newest first.
#[utoipa::path(get, path = "/api/invoices/list", operation_id = "list_invoices", tag = "invoices",
    params(ListQuery), responses((status = 200, description = "A page.", body = Listing)))]
pub async fn handler(ctx: Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let (limit, before) = page::read(&mut fields);
    let filter = Filter {
        status: status(&mut fields),
        group_id: fields.id("group_id"),
        execution_state: execution_state(&mut fields),
        search: fields.text("search", 200).map(|text| text.to_lowercase()),
    };
    fields.finish()?;
    check_group(&ctx, filter.group_id).await?;
    let found = ctx.repos().invoices().list(&filter, limit, before).await?;
    let next = found.next;
    let show = |invoice| InvoiceOut::new(ctx.tenant, invoice);
    let invoices = shown(ctx.tenant, found.rows(), |invoice| invoice.subject.id, show)?;
    Listing::of(invoices, before.is_none(), next.map(page::cursor))
}
