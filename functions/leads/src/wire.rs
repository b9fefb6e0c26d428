//! What callers see of a lead.

use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    domain::{
        lead::{Lead, Profile},
        lead_setup::LeadSetup,
    },
    http::subject::SubjectOut,
    ids::StatusId,
    tenant::TenantId,
};
use utoipa::ToSchema;

/// One lead.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadOut {
    #[serde(flatten)]
    subject: SubjectOut,
    #[schema(example = "Jane")]
    first_name: Option<String>,
    #[schema(example = "Doe")]
    last_name: Option<String>,
    #[schema(example = "jane@example.com")]
    email: String,
    #[schema(example = "+1 555-0100")]
    phone: Option<String>,
    #[schema(example = "Acme Corp")]
    company_name: Option<String>,
    #[schema(example = "VP Marketing")]
    job_title: Option<String>,
    #[schema(example = "https://acme.com")]
    website: Option<String>,
    linkedin_url: Option<String>,
    #[schema(example = "Technology")]
    industry: Option<String>,
    #[schema(example = "51-200")]
    company_size: Option<String>,
    #[schema(example = "$5M-$10M")]
    annual_revenue: Option<String>,
    #[schema(example = "San Francisco, CA")]
    location: Option<String>,
    #[schema(example = "Website Form")]
    lead_source: Option<String>,
    /// Label of its status.
    #[schema(example = "New")]
    status: String,
    #[schema(value_type = u64, example = 1)]
    status_id: StatusId,
    #[schema(example = 75)]
    lead_score: Option<u64>,
    #[schema(example = false)]
    budget_confirmed: Option<bool>,
    #[schema(example = "Manual reporting takes too long")]
    pain_points: Option<String>,
    #[schema(example = "Q2 2025")]
    timeline: Option<String>,
    #[schema(example = "google")]
    utm_source: Option<String>,
    #[schema(example = "cpc")]
    utm_medium: Option<String>,
    #[schema(example = "spring-promo")]
    utm_campaign: Option<String>,
    /// Custom fields stand beside the others, by their machine names; null where the lead has no value.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    custom: Map<String, Value>,
}

impl LeadOut {
    pub fn new(tenant: TenantId, lead: Lead, setup: &LeadSetup) -> Self {
        let status = setup.shown(lead.status_id);
        let Profile {
            first_name,
            last_name,
            phone,
            company_name,
            job_title,
            website,
            linkedin_url,
            industry,
            company_size,
            annual_revenue,
            location,
            lead_source,
            pain_points,
            timeline,
            utm_source,
            utm_medium,
            utm_campaign,
            lead_score,
            budget_confirmed,
        } = lead.profile;
        Self {
            subject: SubjectOut::new(tenant, lead.subject),
            first_name,
            last_name,
            email: lead.email,
            phone,
            company_name,
            job_title,
            website,
            linkedin_url,
            industry,
            company_size,
            annual_revenue,
            location,
            lead_source,
            status: status.label.clone(),
            status_id: status.id,
            lead_score,
            budget_confirmed,
            pain_points,
            timeline,
            utm_source,
            utm_medium,
            utm_campaign,
            custom: setup.show_values(&lead.custom),
        }
    }
}
