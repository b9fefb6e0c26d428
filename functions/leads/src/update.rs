use futures::future::try_join;
use serde::Serialize;
use shared::{
    domain::{
        lead::{Change, Lead, Profile},
        lead_setup::LeadSetup,
        review::AutomationStatus,
    },
    error::{OrNotFound, Result},
    http::{ctx::Ctx, custom_fields::Mode, extract::PathId, fields::Fields, origin, reply::Reply},
    ids::Id,
    ops::leads::{self, Patch},
};
use utoipa::ToSchema;

use crate::input;

/// Fields to change; what is left out or blank stays. Null takes away what a lead need not have. Custom fields stand
/// beside the others, by their machine names; of these, blank text takes the value away too.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `patch` reads leniently")]
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
    let repos = ctx.repos();
    let (lead, setup) = try_join(repos.leads().get(id), repos.lead_setups().load()).await?;
    let before = lead.or_not_found("record")?;
    let patch = patch(fields, &setup)?;
    ctx.answer(updated, async |act| leads::update(act, before, patch).await).await
}

fn updated(lead: &Lead) -> Result<Reply> {
    let (id, message) = (lead.subject.id, "Lead updated successfully.");
    Reply::ok(&Updated { success: true, id, message })
}

fn patch(mut fields: Fields, setup: &LeadSetup) -> Result<Patch> {
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
    let patch = Patch {
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
