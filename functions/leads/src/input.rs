//! The fields of a lead as callers send them.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::{
    domain::{
        duplicate::OnDuplicate,
        lead::{Change, MAX_SCORE, Profile},
        lead_setup::LeadSetup,
    },
    http::{
        custom_fields::Mode,
        fields::{Fields, MAX_URL, code},
        input::{Email, Flag, Flat, Hidden, Patch, PostedFrom, Text, Whole, Word},
    },
    ids::StatusId,
};

shared::input! {
    /// What is known of a person besides name and address.
    pub struct LeadProfile {
        #[example("+1 555-0100")]
        phone: Patch<Text<50>>,
        #[example("Acme Corp")]
        company_name: Patch<Text<200>>,
        #[example("VP Marketing")]
        job_title: Patch<Text<200>>,
        #[example("https://acme.com")]
        website: Patch<Text<MAX_URL>>,
        linkedin_url: Patch<Text<MAX_URL>>,
        #[example("Technology")]
        industry: Patch<Text<200>>,
        #[example("51-200")]
        company_size: Patch<Text<100>>,
        #[example("$5M-$10M")]
        annual_revenue: Patch<Text<100>>,
        #[example("San Francisco, CA")]
        location: Patch<Text<200>>,
        #[example("Website Form")]
        lead_source: Patch<Text<100>>,
        /// 0 to 100.
        #[example(75)]
        lead_score: Patch<Whole<MAX_SCORE>>,
        #[example(false)]
        budget_confirmed: Patch<Flag>,
        #[example("Manual reporting takes too long")]
        pain_points: Patch<Text<10_000>>,
        #[example("Q2 2025")]
        timeline: Patch<Text<200>>,
        #[example("google")]
        utm_source: Patch<Text<200>>,
        #[example("cpc")]
        utm_medium: Patch<Text<200>>,
        #[example("spring-promo")]
        utm_campaign: Patch<Text<200>>,
    }
}

impl LeadProfile {
    /// What was said, and the names of what is to be taken away.
    pub fn into_profile(
        self,
        first_name: Option<String>,
        last_name: Option<String>,
    ) -> (Profile, Vec<&'static str>) {
        let mut taken = Vec::new();
        macro_rules! said {
            ($($name:ident)*) => {
                Profile {
                    first_name,
                    last_name,
                    $($name: {
                        taken.extend(self.$name.is_taken().then_some(stringify!($name)));
                        self.$name.set()
                    },)*
                }
            };
        }
        let profile = said! {
            phone company_name job_title website linkedin_url industry company_size annual_revenue location lead_source
            lead_score budget_confirmed pain_points timeline utm_source utm_medium utm_campaign
        };
        (profile, taken)
    }
}

shared::input! {
    /// What to do when the address has a lead already.
    pub struct CreateQuery {
        /// `ignore` (default): its id is the answer, and nothing changes. `update`: what was sent and is not blank is written
        /// into it. `create`: there will be two.
        #[example("update")]
        pub on_duplicate: Option<Word<OnDuplicate>>,
    }
}

shared::input! {
    /// A lead to create. Custom fields stand beside the others, by their machine names.
    pub struct CreateLead {
        #[example("Jane")]
        first_name: Text<100>,
        #[example("Doe")]
        last_name: Text<100>,
        /// Stands for one lead of the client group.
        #[example("jane@example.com")]
        email: Email,
        profile: Flat<LeadProfile>,
        /// Label or id of a status; `New` when left out.
        #[example("New")]
        status: Option<Text<200>>,
        /// As in the query.
        on_duplicate: Option<Word<OnDuplicate>>,
        pub origin: Flat<PostedFrom, Node>,
    }
    then(fields, setup: &LeadSetup, query: Fields) {
        status_id: Option<StatusId> = status_id(fields, setup, status.as_deref()),
        custom: BTreeMap<String, Value> = setup.read_values(fields, Mode::Create),
        /// The query counts where both say something.
        pub duplicate: OnDuplicate = {
            let asked = fields.beside::<CreateQuery>(query).and_then(|query| query.on_duplicate);
            asked.or(on_duplicate).unwrap_or(OnDuplicate::Ignore)
        },
    }
}

/// A lead is told from others by its address, whichever node asks.
#[derive(Debug, Clone)]
pub struct Node;

impl Hidden for Node {
    const NAMES: &'static [&'static str] = &["node"];
}

impl CreateLead {
    /// What it says of the lead.
    pub fn change(self) -> Change {
        let (profile, _) = self.profile.into_profile(Some(self.first_name), Some(self.last_name));
        Change {
            email: Some(self.email),
            profile,
            cleared: Vec::new(),
            status_id: self.status_id,
            custom: self.custom,
        }
    }
}

/// A status by its label, whatever its case, or its id.
pub fn status_id(fields: &mut Fields, setup: &LeadSetup, sent: Option<&str>) -> Option<StatusId> {
    let found = setup.status(sent?).map(|status| status.id);
    if found.is_none() {
        let labels: Vec<_> = setup.statuses.iter().map(|status| status.label.as_str()).collect();
        fields.refuse_as("status", code::UNLISTED, format!("must be one of {}", labels.join(", ")));
    }
    found
}
