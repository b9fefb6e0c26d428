use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::{
        lead::{Change, Lead, Profile},
        lead_setup::LeadSetup,
        review::AutomationStatus,
    },
    error::{OrNotFound, Result},
    http::{
        ctx::{Ctx, Refused},
        custom_fields::Mode,
        extract::PathId,
        fields::Fields,
        origin::{self, check_group},
        reply::Reply,
    },
    ids::Id,
};
use utoipa::ToSchema;

use crate::{ATTEMPTS, address, input};

/// Fields to change; what is left out or blank stays. Null takes away what a lead need not have. Custom fields stand
/// beside the others, by their machine names; of these, blank text takes the value away too.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `Patch` reads leniently")]
pub struct UpdateLead {
    #[schema(max_length = 100, example = "Jane")]
    first_name: Option<String>,
    #[schema(max_length = 100, example = "Doe")]
    last_name: Option<String>,
    /// Must not be another lead's of the client group.
    #[schema(format = "email", max_length = 254, example = "jane@example.com")]
    email: Option<String>,
    #[schema(max_length = 50)]
    phone: Option<String>,
    #[schema(max_length = 200)]
    company_name: Option<String>,
    #[schema(max_length = 200)]
    job_title: Option<String>,
    #[schema(max_length = 8192)]
    website: Option<String>,
    #[schema(max_length = 8192)]
    linkedin_url: Option<String>,
    #[schema(max_length = 200)]
    industry: Option<String>,
    #[schema(max_length = 100)]
    company_size: Option<String>,
    #[schema(max_length = 100)]
    annual_revenue: Option<String>,
    #[schema(max_length = 200)]
    location: Option<String>,
    #[schema(max_length = 100)]
    lead_source: Option<String>,
    /// Label or id of a status.
    #[schema(max_length = 200, example = "Qualified")]
    status: Option<String>,
    /// 0 to 100.
    #[schema(maximum = 100, example = 90)]
    lead_score: Option<u64>,
    budget_confirmed: Option<bool>,
    #[schema(max_length = 10_000)]
    pain_points: Option<String>,
    #[schema(max_length = 200)]
    timeline: Option<String>,
    #[schema(max_length = 200)]
    utm_source: Option<String>,
    #[schema(max_length = 200)]
    utm_medium: Option<String>,
    #[schema(max_length = 200)]
    utm_campaign: Option<String>,
    installation_id: Option<u64>,
    #[schema(max_length = 200)]
    workflow_id: Option<String>,
    #[schema(max_length = 200)]
    execution_id: Option<String>,
    human_interaction: Option<bool>,
    allow_regenerate: Option<bool>,
    /// Sets the status without a decision: n8n is not told. Use `/automation/approve` and `/automation/deny` for that.
    #[schema(example = "pending")]
    automation_status: Option<String>,
    /// Moves the lead to another client group.
    group_id: Option<u64>,
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

/// What can be changed besides the profile and the custom fields.
const OTHERS: [&str; 10] = [
    "email",
    "status",
    "status_id",
    "installation_id",
    "workflow_id",
    "execution_id",
    "human_interaction",
    "allow_regenerate",
    "automation_status",
    "group_id",
];
/// What a lead is shown with and nobody sets: a client may send back what it read.
const SHOWN: [&str; 8] =
    ["id", "nid", "execution_state", "decision", "resume", "history", "created", "changed"];
/// What every lead has.
const KEPT: [&str; 2] = ["first_name", "last_name"];

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
        fields.alias("status", "status_id");
        let mut change = Change {
            email: fields.email("email"),
            profile: input::profile(&mut fields),
            cleared: Vec::new(),
            status_id: input::status(&mut fields, setup),
            custom: setup.read_values(&mut fields, Mode::Patch),
        };
        let names = Profile::default().texts().map(|(name, ..)| name);
        for name in names.into_iter().chain(["lead_score", "budget_confirmed"]) {
            if fields.is_null(name) && !KEPT.contains(&name) {
                change.cleared.push(name);
            }
        }
        let patch = Self {
            change,
            installation_id: fields.id("installation_id"),
            workflow_id: fields.foreign_id("workflow_id", 200),
            execution_id: fields.foreign_id("execution_id", 200),
            human_interaction: fields.flag("human_interaction"),
            allow_regenerate: fields.flag("allow_regenerate"),
            automation_status: origin::automation_status(&mut fields, &AutomationStatus::SETTABLE),
            group_id: fields.id("group_id"),
        };
        fields.finish()?;
        Ok(patch)
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
    let mut profile = Profile::default();
    let texts = profile.texts().map(|(name, ..)| name);
    for name in fields.names() {
        let known = texts.contains(&name.as_str())
            || ["lead_score", "budget_confirmed"].contains(&name.as_str())
            || OTHERS.contains(&name.as_str())
            || SHOWN.contains(&name.as_str())
            || setup.field(&name).is_some();
        if !known {
            fields.refuse(&name, "is not a field of a lead");
        }
    }
}
