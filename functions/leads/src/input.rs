//! The fields of a lead as callers send them.

use shared::{
    domain::{
        duplicate::OnDuplicate,
        lead::{Change, MAX_SCORE, Profile},
        lead_setup::LeadSetup,
    },
    error::Result,
    http::{
        custom_fields::Mode,
        fields::Fields,
        origin::{self, Origin},
    },
    ids::Id,
};
use utoipa::ToSchema;

/// A lead to create. Custom fields stand beside the others, by their machine names.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that `CreateInput` reads leniently")]
pub struct CreateLead {
    #[schema(max_length = 100, example = "Jane")]
    first_name: String,
    #[schema(max_length = 100, example = "Doe")]
    last_name: String,
    /// Stands for one lead of the client group.
    #[schema(format = "email", max_length = 254, example = "jane@example.com")]
    email: String,
    #[schema(max_length = 50, example = "+1 555-0100")]
    phone: Option<String>,
    #[schema(max_length = 200, example = "Acme Corp")]
    company_name: Option<String>,
    #[schema(max_length = 200, example = "VP Marketing")]
    job_title: Option<String>,
    #[schema(max_length = 8192, example = "https://acme.com")]
    website: Option<String>,
    #[schema(max_length = 8192)]
    linkedin_url: Option<String>,
    #[schema(max_length = 200, example = "Technology")]
    industry: Option<String>,
    #[schema(max_length = 100, example = "51-200")]
    company_size: Option<String>,
    #[schema(max_length = 100, example = "$5M-$10M")]
    annual_revenue: Option<String>,
    #[schema(max_length = 200, example = "San Francisco, CA")]
    location: Option<String>,
    #[schema(max_length = 100, example = "Website Form")]
    lead_source: Option<String>,
    /// Label or id of a status; `New` when left out.
    #[schema(max_length = 200, example = "New")]
    status: Option<String>,
    /// 0 to 100.
    #[schema(maximum = 100, example = 75)]
    lead_score: Option<u64>,
    #[schema(example = false)]
    budget_confirmed: Option<bool>,
    #[schema(max_length = 10_000, example = "Manual reporting takes too long")]
    pain_points: Option<String>,
    #[schema(max_length = 200, example = "Q2 2025")]
    timeline: Option<String>,
    #[schema(max_length = 200, example = "google")]
    utm_source: Option<String>,
    #[schema(max_length = 200, example = "cpc")]
    utm_medium: Option<String>,
    #[schema(max_length = 200, example = "spring-promo")]
    utm_campaign: Option<String>,
    /// As in the query.
    on_duplicate: Option<String>,
    /// The n8n instance.
    #[schema(example = 45)]
    installation_id: Option<u64>,
    /// n8n's id of the workflow.
    #[schema(max_length = 200, example = "abc123")]
    workflow_id: Option<String>,
    /// n8n's id of the execution: needed to resume it.
    #[schema(max_length = 200, example = "exec-789")]
    execution_id: Option<String>,
    /// `$execution.resumeUrl`: newer n8n versions resume only with its signature. One that lies
    /// neither below the installation's host nor below its webhook URL is called there, and `warnings` says so.
    #[schema(format = "uri")]
    resume_url: Option<String>,
    /// Headers that the Wait node asks its callers for (Header Auth, Basic Auth): up to five names and texts, kept sealed and
    /// sent with the decision.
    #[schema(value_type = Option<Object>)]
    resume_headers: Option<String>,
    /// Whether a person must decide before the workflow goes on.
    #[schema(example = false)]
    human_interaction: Option<bool>,
    /// Whether the reviewer may ask for another attempt.
    allow_regenerate: Option<bool>,
    /// `pending` (default), `approved` or `denied`.
    #[schema(example = "pending")]
    automation_status: Option<String>,
    /// Client group, instead of the installation's or the key's.
    group_id: Option<u64>,
}

/// What was read of a create.
pub struct CreateInput {
    pub change: Change,
    pub origin: Origin,
    pub on_duplicate: OnDuplicate,
}

/// A create of which was read what needs no pipeline, so that its address can be looked up beside it.
pub struct Opened {
    query: Fields,
    fields: Fields,
    email: Option<String>,
    origin: Origin,
}

impl Opened {
    pub fn read(query: Fields, mut fields: Fields) -> Self {
        for name in ["first_name", "last_name", "email"] {
            fields.require(name);
        }
        let (email, origin) = (fields.email("email"), Origin::read(&mut fields));
        Self { query, fields, email, origin }
    }

    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The client group that was named.
    pub fn group_id(&self) -> Option<Id> {
        self.origin.group_id
    }

    pub fn finish(mut self, setup: &LeadSetup) -> Result<CreateInput> {
        let change = Change {
            email: self.email,
            profile: profile(&mut self.fields),
            cleared: Vec::new(),
            status_id: status(&mut self.fields, setup),
            custom: setup.read_values(&mut self.fields, Mode::Create),
        };
        let on_duplicate = origin::on_duplicate(&mut self.query, &mut self.fields);
        self.fields.finish()?;
        Ok(CreateInput { change, origin: self.origin, on_duplicate })
    }
}

pub fn profile(fields: &mut Fields) -> Profile {
    let mut profile = Profile::default();
    for (name, longest, value) in profile.texts() {
        *value = fields.text(name, longest);
    }
    profile.lead_score = fields.whole("lead_score", MAX_SCORE);
    profile.budget_confirmed = fields.flag("budget_confirmed");
    profile
}

/// A status by its label, whatever its case, or its id.
pub fn status(fields: &mut Fields, setup: &LeadSetup) -> Option<Id> {
    let text = fields.text("status", 200)?;
    let found = setup.status(&text).map(|status| status.id);
    if found.is_none() {
        let labels: Vec<_> = setup.statuses.iter().map(|status| status.label.as_str()).collect();
        fields.refuse("status", format!("must be one of {}", labels.join(", ")));
    }
    found
}
