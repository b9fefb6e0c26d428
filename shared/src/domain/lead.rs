//! Leads: people who may buy, as workflows find them and people work on them.
//!
//! Its one rule: within a client group an e-mail address stands for one lead, unless a caller asks for another one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    email,
    lead_setup::{self, LeadSetup},
    review::{Actor, EntityType},
    subject::{Reviewable, Subject},
    words,
};
use crate::{
    clock::Millis,
    ids::{EntityId, GroupId, Id, LeadId, StatusId},
    json,
};

/// One lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    #[serde(flatten)]
    pub subject: Subject,
    /// In its normal form; one that was stored before addresses had one, as it was sent.
    pub email: String,
    #[serde(flatten)]
    pub profile: Profile,
    /// Where it stands in the pipeline; a status that is gone counts as [`LeadSetup::NEW`].
    pub status_id: StatusId,
    /// Values of custom fields by the field's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "json::values")]
    pub custom: BTreeMap<String, Value>,
    /// Whether it is the lead that its address stands for. Those that were created beside it on purpose are not.
    #[serde(default)]
    pub owns_email: bool,
}

/// What is known of the person.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linkedin_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annual_revenue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pain_points: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_medium: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_campaign: Option<String>,
    /// 0 to [`MAX_SCORE`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_score: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_confirmed: Option<bool>,
}

/// Best score of a lead.
pub const MAX_SCORE: u64 = 100;
impl Profile {
    /// Every text of the profile: name and value.
    fn texts(&mut self) -> [(&'static str, &mut Option<String>); 17] {
        [
            ("first_name", &mut self.first_name),
            ("last_name", &mut self.last_name),
            ("phone", &mut self.phone),
            ("company_name", &mut self.company_name),
            ("job_title", &mut self.job_title),
            ("website", &mut self.website),
            ("linkedin_url", &mut self.linkedin_url),
            ("industry", &mut self.industry),
            ("company_size", &mut self.company_size),
            ("annual_revenue", &mut self.annual_revenue),
            ("location", &mut self.location),
            ("lead_source", &mut self.lead_source),
            ("pain_points", &mut self.pain_points),
            ("timeline", &mut self.timeline),
            ("utm_source", &mut self.utm_source),
            ("utm_medium", &mut self.utm_medium),
            ("utm_campaign", &mut self.utm_campaign),
        ]
    }

    /// Takes over what `other` has; what it leaves out stays.
    fn take(&mut self, mut other: Self) {
        for ((_, mine), (_, theirs)) in self.texts().into_iter().zip(other.texts()) {
            if theirs.is_some() {
                *mine = theirs.take();
            }
        }
        self.lead_score = other.lead_score.or(self.lead_score);
        self.budget_confirmed = other.budget_confirmed.or(self.budget_confirmed);
    }

    /// Takes away what the names name.
    fn clear(&mut self, names: &[&str]) {
        for (name, value) in self.texts() {
            if names.contains(&name) {
                *value = None;
            }
        }
        if names.contains(&"lead_score") {
            self.lead_score = None;
        }
        if names.contains(&"budget_confirmed") {
            self.budget_confirmed = None;
        }
    }

    fn name(&self) -> String {
        [&self.first_name, &self.last_name].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    }
}

/// What a request says of a lead; what it leaves out is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    pub email: Option<String>,
    pub profile: Profile,
    /// Names of what is to be taken away of the profile.
    pub cleared: Vec<&'static str>,
    pub status_id: Option<StatusId>,
    /// By the field's id; null takes a value away.
    pub custom: BTreeMap<String, Value>,
}

impl Lead {
    pub fn id(&self) -> LeadId {
        LeadId::of(self.subject.id)
    }

    /// A lead of this address, new in the pipeline.
    pub fn new(subject: Subject, change: Change) -> Self {
        let mut lead = Self {
            subject,
            email: String::new(),
            profile: Profile::default(),
            status_id: LeadSetup::NEW,
            custom: BTreeMap::new(),
            owns_email: false,
        };
        lead.apply(change);
        lead
    }

    /// Writes into the lead what a request says of it.
    pub fn apply(&mut self, change: Change) {
        self.email = change.email.unwrap_or(std::mem::take(&mut self.email));
        self.profile.take(change.profile);
        self.profile.clear(&change.cleared);
        self.status_id = change.status_id.unwrap_or(self.status_id);
        lead_setup::merge_values(&mut self.custom, change.custom);
    }

    /// The address as it is compared.
    pub fn folded_email(&self) -> String {
        email::stored_as(&self.email)
    }

    /// The source as it is compared.
    pub fn folded_source(&self) -> Option<String> {
        self.profile.lead_source.as_deref().map(words::fold)
    }

    /// What a search looks into: name, address, company.
    pub fn searched(&self) -> [String; 3] {
        let company = self.profile.company_name.clone().unwrap_or_default();
        [self.profile.name(), self.email.clone(), company]
    }
}

impl Reviewable for Lead {
    type Id = LeadId;

    const TYPE: EntityType = EntityType::Lead;

    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    fn mark(&self) -> String {
        self.folded_email()
    }
}

/// That a lead was deleted: nothing of the person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeletedLead {
    pub id: LeadId,
    pub group_id: GroupId,
    pub deleted_at: Millis,
    pub deleted_by: Actor,
    /// The bulk operation that deleted it, so that its repeat knows its own work. Nothing is stored under its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Id>,
    /// When it may go: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}
