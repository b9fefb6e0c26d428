use std::collections::BTreeMap;

use futures::future::try_join;
use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::{
        lead::{Change, Lead},
        lead_setup::LeadSetup,
        review::AutomationStatus,
    },
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        custom_fields::Mode,
        extract::PathId,
        fields::{Fields, code},
        input::{Declared, Email, Flag, Flat, Foreign, Settable, Text, Word},
        origin::{self, check_group},
        reply::Reply,
    },
    ids::Id,
};
use utoipa::ToSchema;

use crate::{
    ATTEMPTS, address,
    input::{self, LeadProfile},
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
        installation_id: Option<Id>,
        workflow_id: Option<Foreign<200>>,
        execution_id: Option<Foreign<200>>,
        human_interaction: Option<Flag>,
        allow_regenerate: Option<Flag>,
        /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
        #[example("pending")]
        automation_status: Option<Word<Settable>>,
        /// Moves the lead to another client group.
        group_id: Option<Id>,
    }
    then(fields, setup: &LeadSetup) {
        status_id: Option<Id> = input::status_id(fields, setup, status.as_deref()),
        custom: BTreeMap<String, Value> = setup.read_values(fields, Mode::Patch),
    }
}

/// The change is stored.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedLead)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 101)]
    id: Id,
    #[schema(example = "Lead updated successfully.")]
    message: &'static str,
}

struct Patch {
    change: Change,
    installation_id: Option<Id>,
    workflow_id: Option<String>,
    execution_id: Option<String>,
    human_interaction: Option<bool>,
    allow_regenerate: Option<bool>,
    automation_status: Option<AutomationStatus>,
    group_id: Option<Id>,
}

/// What a lead is shown with and nobody sets: a client may send back what it read.
const SHOWN: [&str; 8] =
    ["id", "nid", "execution_state", "decision", "resume", "history", "created", "changed"];
/// Changes a lead.
#[utoipa::path(patch, path = "/api/leads/{id}", operation_id = "update_lead", tag = "leads",
    params(("id" = u64, Path, description = "Id of the lead.", example = 101)),
    request_body = UpdateLead, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId, fields: Fields) -> Result<Reply> {
    let (leads, setups) = (ctx.leads(), ctx.lead_setups());
    let (lead, setup) = try_join(leads.get(id), setups.load()).await?;
    let mut before = lead.or_not_found("record")?;
    let patch = Patch::read(fields, &setup)?;
    check_group(&ctx, patch.group_id).await?;
    if let Some(id) = patch.installation_id {
        ctx.installed().get(id).await?;
    }
    let reply = Reply::ok(&Updated { success: true, id, message: "Lead updated successfully." })?;
    for _ in 1..ATTEMPTS {
        match store(&ctx, &before, &patch, reply.clone()).await {
            // Somebody changed the lead meanwhile, or took the address.
            Err(Refused::Write(..)) => before = leads.get(id).await?.or_not_found("record")?,
            ended => return Ok(ended?),
        }
    }
    Ok(store(&ctx, &before, &patch, reply).await?)
}

async fn store(ctx: &Ctx, before: &Lead, patch: &Patch, reply: Reply) -> Result<Reply, Refused> {
    let mut lead = before.clone();
    patch.write_into(&mut lead, ctx);
    address::claim(ctx, before, &mut lead).await?;
    lead.subject.touch(ctx.now);
    let writes = ctx.leads().replace(before, &lead)?;
    origin::commit(ctx, writes, &lead, reply).await
}

impl Patch {
    fn read(mut fields: Fields, setup: &LeadSetup) -> Result<Self> {
        refuse_unknown(&mut fields, setup);
        let sent = UpdateLead::read(fields, setup)?;
        let (profile, cleared) = sent.profile.into_profile(sent.first_name, sent.last_name);
        let change =
            Change { email: sent.email, profile, cleared, status_id: sent.status_id, custom: sent.custom };
        Ok(Self {
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

    fn write_into(&self, lead: &mut Lead, ctx: &Ctx) {
        lead.apply(self.change.clone());
        let subject = &mut lead.subject;
        subject.aim(self.installation_id, self.execution_id.clone());
        subject.workflow_id = self.workflow_id.clone().or(subject.workflow_id.take());
        subject.group_id = self.group_id.unwrap_or(subject.group_id);
        let review = &mut subject.review;
        review.human_interaction = self.human_interaction.unwrap_or(review.human_interaction);
        review.allow_regenerate = self.allow_regenerate.unwrap_or(review.allow_regenerate);
        if let Some(status) = self.automation_status {
            review.set_status(status, ctx.actor(), ctx.now);
        }
    }
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
