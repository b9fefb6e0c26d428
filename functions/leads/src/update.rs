use std::collections::BTreeMap;

use crate::input::{self, LeadProfile};
use futures::future::try_join;
use serde_json::Value;
use shared::{
    domain::{
        lead::{Change, Lead},
        lead_setup::LeadSetup,
    },
    error::{OrNotFound, Result},
    http::{
        ctx::Ctx,
        custom_fields::Mode,
        extract::PathId,
        fields::{Fields, code},
        input::{Declared, Email, Flag, Flat, Foreign, Settable, Text, Word},
        reply::Reply,
    },
    ids::{GroupId, InstallationId, LeadId, StatusId},
    ops::leads::{self, Patch},
};

shared::input! {
    /// Fields to change; what is left out or blank stays. Null takes away what a lead need not have. Custom fields stand
    /// beside the others, by their machine names; of these, blank text takes the value away too.
    pub struct UpdateLead {
        #[example("Jane")]
        first_name: Option<Text<100>>,
        #[example("Doe")]
        last_name: Option<Text<100>>,
        /// Must not be another lead's of the client group.
        #[example("jane@example.com")]
        email: Option<Email>,
        profile: Flat<LeadProfile>,
        /// Label or id of a status.
        #[example("Qualified")]
        #[alias("status_id")]
        status: Option<Text<200>>,
        installation_id: Option<InstallationId>,
        workflow_id: Option<Foreign<200>>,
        execution_id: Option<Foreign<200>>,
        human_interaction: Option<Flag>,
        allow_regenerate: Option<Flag>,
        /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
        #[example("pending")]
        automation_status: Option<Word<Settable>>,
        /// Moves the lead to another client group.
        group_id: Option<GroupId>,
    }
    then(fields, setup: &LeadSetup) {
        status_id: Option<StatusId> = input::status_id(fields, setup, status.as_deref()),
        custom: BTreeMap<String, Value> = setup.read_values(fields, Mode::Patch),
    }
}

shared::ack! {
    /// The change is stored.
    Updated as UpdatedLead, 101: "Lead updated successfully."
}

/// What a lead is shown with and nobody sets: a client may send back what it read.
const SHOWN: [&str; 8] =
    ["id", "nid", "execution_state", "decision", "resume", "history", "created", "changed"];

/// Changes a lead.
#[utoipa::path(patch, path = "/api/leads/{id}", operation_id = "update_lead",
    params(("id" = u64, Path, description = "Id of the lead.", example = 101)),
    request_body = UpdateLead, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<LeadId>, fields: Fields) -> Result<Reply> {
    let repos = ctx.repos();
    let (lead, setup) = try_join(repos.leads().get(id), repos.lead_setups().load()).await?;
    let before = lead.or_not_found("record")?;
    let patch = patch(fields, &setup)?;
    ctx.answer(updated, async |act| leads::update(act, before, patch).await).await
}

fn updated(lead: &Lead) -> Result<Reply> {
    Updated::of(&lead.id())
}

fn patch(mut fields: Fields, setup: &LeadSetup) -> Result<Patch> {
    refuse_unknown(&mut fields, setup);
    let sent = UpdateLead::read(fields, setup)?;
    let (profile, cleared) = sent.profile.into_profile(sent.first_name, sent.last_name);
    let change =
        Change { email: sent.email, profile, cleared, status_id: sent.status_id, custom: sent.custom };
    Ok(Patch {
        change,
        installation_id: sent.installation_id,
        workflow_id: sent.workflow_id,
        execution_id: sent.execution_id,
        human_interaction: sent.human_interaction,
        allow_regenerate: sent.allow_regenerate,
        automation_status: sent.automation_status,
        group_id: sent.group_id,
    })
}

fn refuse_unknown(fields: &mut Fields, setup: &LeadSetup) {
    let mut known = Vec::new();
    UpdateLead::names(&mut known);
    known.extend(SHOWN);
    for name in fields.names() {
        if !known.contains(&name.as_str()) && setup.field(&name).is_none() {
            fields.refuse_as(&name, code::UNKNOWN, "is not a field of a lead");
        }
    }
}
