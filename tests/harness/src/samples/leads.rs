use serde_json::{Value, json};
use shared::{
    domain::{
        lead::{Change, Lead, Profile},
        review::Review,
        subject::Subject,
    },
    ids::Id,
    store,
};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

/// Document 000's request.
pub fn lead() -> Value {
    json!({
        "first_name": "Jane", "last_name": "Doe", "email": "jane@example.com", "phone": "+1 555-0100",
        "company_name": "Acme Corp", "job_title": "VP Marketing", "website": "https://acme.com",
        "industry": "Technology", "company_size": "51-200", "annual_revenue": "$5M-$10M",
        "location": "San Francisco, CA", "lead_source": "Website Form", "status": "New", "lead_score": 75,
        "budget_confirmed": false, "pain_points": "Manual reporting takes too long", "timeline": "Q2 2025",
        "utm_source": "google", "utm_medium": "cpc", "utm_campaign": "spring-promo", "installation_id": 45,
        "workflow_id": "abc123", "execution_id": "exec-789", "human_interaction": false,
        "automation_status": "pending",
    })
}

/// The leads that the bulk sample names, put there without a request: 101, 102, 103; `base` is added to each id.
pub(super) async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    let people =
        [("Maria", "Garcia", "Globex"), ("Ken", "Ito", "Initech"), ("Amina", "Okoye", "Umbrella Ltd")];
    let (key, now) = (&caller.key, house.app.now());
    for (id, (first, last, company)) in (base + 101..).zip(people) {
        let subject = Subject {
            id: Id::from_u64(id).unwrap(),
            group_id: key.group_id,
            installation_id: None,
            workflow_id: None,
            execution_id: None,
            node: None,
            execution_state: None,
            sealed_resume_url: None,
            resume_suffix: None,
            sealed_resume_headers: None,
            review: Review::default(),
            created_at: now,
            posted_at: now,
            changed_at: now,
            apart: false,
            v: 1,
        };
        let change = Change {
            email: Some(format!("{}@example.org", first.to_lowercase())),
            profile: Profile {
                first_name: Some(first.into()),
                last_name: Some(last.into()),
                company_name: Some(company.into()),
                lead_source: Some("Website Form".into()),
                lead_score: Some(40),
                ..Profile::default()
            },
            ..Change::default()
        };
        let lead = Lead { owns_email: true, ..Lead::new(subject, change) };
        let writes = house.app.repos(key.tenant).leads().insert(&lead).unwrap();
        store::apply(&*house.app.store, writes).await.unwrap();
    }
}

pub(super) fn samples() -> Vec<Sample> {
    vec![
        Sample {
            required: &["first_name", "last_name", "email"],
            wrong: vec![
                ("first_name", json!({})),
                ("last_name", json!("n".repeat(101))),
                ("email", json!("jane")),
                ("email", json!(["jane@example.com"])),
                ("lead_score", json!(101)),
                ("lead_score", json!("high")),
                ("budget_confirmed", json!("perhaps")),
                ("status", json!("Lost in space")),
                ("status", json!(8)),
                ("on_duplicate", json!("replace")),
                ("human_interaction", json!("maybe")),
                ("automation_status", json!("regenerate")),
                ("installation_id", json!(-45)),
                ("group_id", json!({})),
                ("resume_url", json!("not a url")),
            ],
            ids: &["installation_id"],
            ..write("create_lead", "/api/leads?on_duplicate=update", lead())
        },
        read("list_recent_leads", "/api/leads/recent"),
        read("list_leads", "/api/leads/list"),
        Sample { nowhere: Some("/api/leads/4242"), ..read("get_lead", "/api/leads/101") },
        Sample {
            nowhere: Some("/api/leads/4242"),
            wrong: vec![
                ("email", json!("jane")),
                ("lead_score", json!(-1)),
                ("status", json!("Lost in space")),
                ("favourite_colour", json!("blue")),
                ("automation_status", json!("regenerate")),
                ("group_id", json!([])),
            ],
            ..write("update_lead", "/api/leads/101", json!({ "status": "Qualified", "lead_score": 90 }))
        },
        Sample { nowhere: Some("/api/leads/4242"), ..read("delete_lead", "/api/leads/101") },
        Sample {
            required: &["action", "ids"],
            wrong: vec![
                ("action", json!("archive")),
                ("action", json!(1)),
                ("ids", json!([])),
                ("ids", json!("all")),
                ("ids", json!([{ "id": 101 }])),
                ("ids", json!((1..=501).collect::<Vec<_>>())),
                ("status", json!("Lost in space")),
                ("status", json!("")),
            ],
            ..write(
                "change_leads",
                "/api/leads/bulk",
                json!({ "action": "update_status", "ids": [101, 102, 103], "status": "Qualified" }),
            )
        },
    ]
}
