use serde::Serialize;
use shared::{
    domain::{
        duplicate::{Arrival, OnDuplicate},
        words,
    },
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        fields::Fields,
        origin::{self, Origin},
        reply::{Reply, Warning},
    },
    ids::Id,
    ops::invoices::{self, NewInvoice, Posted},
};
use utoipa::{IntoParams, ToSchema};

use super::input::{UpdateInvoice, change};

/// An invoice to keep.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateInvoice {
    /// The caller's own number. Within a client group it means one invoice.
    #[schema(max_length = 100, example = "INV-2025-001")]
    invoice_number: String,
    /// Whole cents.
    #[schema(maximum = 10_000_000_000_000_i64, example = 5000)]
    amount: u64,
    /// As in the query.
    #[schema(example = "ignore")]
    on_duplicate: Option<String>,
    /// The n8n instance.
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(max_length = 200, example = "abc123")]
    workflow_id: Option<String>,
    /// n8n's id of the execution: needed to resume it.
    #[schema(max_length = 200)]
    execution_id: Option<String>,
    /// `$execution.resumeUrl`: called after the decision. One that lies neither below the installation's host nor below its
    /// webhook URL is called there, and `warnings` says so.
    #[schema(format = "uri")]
    resume_url: Option<String>,
    /// Headers that the Wait node asks its callers for (Header Auth, Basic Auth): up to five names and texts, kept sealed and
    /// sent with the decision.
    #[schema(value_type = Option<Object>)]
    resume_headers: Option<String>,
    /// The client group; the installation's or the key's own when left out.
    group_id: Option<u64>,
    #[serde(flatten)]
    fields: UpdateInvoice,
}

/// What to do when the group has an invoice of this number.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct CreateQuery {
    /// `ignore` (default): the invoice that is there is named and stays. `update`: it gets the fields that are not
    /// blank. `create`: another one is made. May stand in the body instead.
    on_duplicate: Option<String>,
}

/// The invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedInvoice)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: Id,
    #[schema(example = "INV-2025-001")]
    invoice_number: String,
    #[schema(example = "draft")]
    status: &'static str,
    /// Only when the group had an invoice of this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[schema(example = "Invoice created successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Keeps an invoice.
///
/// The invoice number is unique within the client group unless `on_duplicate` is `create`. Status 201: it was made. Status
/// 200 with `duplicate`: the group has one of this number, and `id` names that.
#[utoipa::path(post, path = "/api/invoices", operation_id = "create_invoice", tag = "invoices",
    params(CreateQuery), request_body = CreateInvoice,
    responses((status = 201, description = "Stored.", body = Created),
        (status = 200, description = "It is there already.", body = Created)))]
pub async fn handler(ctx: Ctx, QueryFields(query): QueryFields, fields: Fields) -> Result<Reply> {
    let (new, on_duplicate) = read(query, fields)?;
    ctx.answer(told, async |act| invoices::create(act, new, on_duplicate).await).await
}

fn read(mut query: Fields, mut fields: Fields) -> Result<(NewInvoice, OnDuplicate)> {
    let on_duplicate = origin::on_duplicate(&mut query, &mut fields);
    let number = words::composed(&fields.required_foreign_id("invoice_number", 100));
    fields.require("amount");
    let (change, origin) = (change(&mut fields), Origin::read(&mut fields));
    fields.finish()?;
    Ok((NewInvoice { number, change, origin }, on_duplicate))
}

fn told(Posted { arrival, invoice, warnings }: &Posted) -> Result<Reply> {
    let told = Created {
        success: true,
        id: invoice.subject.id,
        invoice_number: invoice.number.clone(),
        status: invoice.status.as_str(),
        duplicate: arrival.is_duplicate().then_some(true),
        message: match arrival {
            Arrival::Created | Arrival::Renewed => "Invoice created successfully.",
            Arrival::Known => "Invoice already exists.",
            Arrival::Updated => "Invoice updated.",
        },
        warnings: warnings.clone(),
    };
    if arrival.is_duplicate() { Reply::ok(&told) } else { Reply::created(&told) }
}
