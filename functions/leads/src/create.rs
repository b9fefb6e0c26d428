use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::{duplicate::Arrival, lead_setup::LeadSetup},
    error::Result,
    http::{
        ctx::Ctx,
        extract::QueryFields,
        fields::Fields,
        input::Email,
        reply::{Reply, Warning},
    },
    ids::{GroupId, LeadId},
    ops::leads::{self, LookedUp, NewLead, Posted},
    store::StoreError,
};
use utoipa::ToSchema;

use crate::input::{CreateLead, CreateQuery};

/// The lead of this address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedLead)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 101)]
    id: LeadId,
    /// Label of its status.
    #[schema(example = "New")]
    status: String,
    #[schema(example = "pending", extensions(("x-words" = json!(shared::domain::review::AutomationStatus::ALL))))]
    automation_status: &'static str,
    /// Only when the address had a lead already: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[schema(example = "Lead created successfully.")]
    message: &'static str,
    /// What else to know; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Creates a lead, or finds the one of the same e-mail address in the client group.
///
/// Posting again from an execution whose lead a reviewer sent back with *regenerate* renews that lead: it keeps its id
/// and waits for a decision once more.
#[utoipa::path(post, path = "/api/leads", operation_id = "create_lead",
    params(CreateQuery), request_body = CreateLead, responses(
        (status = 201, description = "Created.", body = Created),
        (status = 200, description = "It was there already: `duplicate` is true.", body = Created)))]
pub async fn handler(ctx: Ctx, QueryFields(query): QueryFields, fields: Fields) -> Result<Reply> {
    let (setup, looked_up) = try_join(ctx.repos().lead_setups().load(), look_up(&ctx, &fields)).await?;
    let sent = CreateLead::read(fields, &setup, query)?;
    let (on_duplicate, origin) = (sent.duplicate, sent.origin.clone().into());
    let new = NewLead { change: sent.change(), origin, looked_up };
    let render = move |posted: &_| told(&setup, posted);
    ctx.answer(render, async |act| leads::create(act, new, on_duplicate).await).await
}

/// Read beside the setup, so that a create waits for the store twice and not three times.
async fn look_up(ctx: &Ctx, sent: &Fields) -> Result<Option<LookedUp>, StoreError> {
    let Some(email) = sent.peek::<Email>("email") else { return Ok(None) };
    leads::look_up(ctx, sent.peek::<GroupId>("group_id"), &email).await.map(Some)
}

fn told(setup: &LeadSetup, Posted { arrival, lead, warnings }: &Posted) -> Result<Reply> {
    let told = Created {
        success: true,
        id: lead.id(),
        status: setup.shown(lead.status_id).label.clone(),
        automation_status: lead.subject.review.automation_status.as_str(),
        duplicate: arrival.is_duplicate().then_some(true),
        message: match arrival {
            Arrival::Created | Arrival::Renewed => "Lead created successfully.",
            Arrival::Known => "Lead already exists.",
            Arrival::Updated => "Lead updated.",
        },
        warnings: warnings.clone(),
    };
    if arrival.is_duplicate() { Reply::ok(&told) } else { Reply::created(&told) }
}
