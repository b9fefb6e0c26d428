//! What is posted, without a request: as an import, a run step or another dialect posts it.

use super::Scene;
use crate::{
    domain::{
        duplicate::{Arrival, OnDuplicate},
        invoice,
        lead::{Change, Profile},
        review::{AutomationStatus, EntityType},
    },
    json::Json,
    ops::{
        act::Act,
        deletion::Waiting,
        invoices::{self, NewInvoice},
        leads::{self, Bulk, NewLead, Trouble},
        origin::Origin,
        payloads::{self, NewPayload},
        reviews::{self, Decide},
    },
};

fn jane(company: &str) -> Change {
    let profile = Profile {
        first_name: Some("Jane".into()),
        last_name: Some("Doe".into()),
        company_name: Some(company.into()),
        ..Profile::default()
    };
    Change { email: Some("jane@acme.example".into()), profile, ..Change::default() }
}

/// A post that waits for a person, from an execution.
fn asking(execution: &str) -> Origin {
    Origin {
        workflow_id: Some("wf1".into()),
        execution_id: Some(execution.into()),
        human_interaction: Some(true),
        ..Origin::default()
    }
}

async fn post(act: &Act, company: &str, origin: Origin, on_duplicate: OnDuplicate) -> leads::Posted {
    let new = NewLead { change: jane(company), origin, looked_up: None };
    leads::create(act, new, on_duplicate).await.unwrap()
}

#[tokio::test]
async fn an_address_has_one_lead_whoever_posts_it() {
    let scene = Scene::new().await;
    let act = scene.act();
    let first = post(&act, "Acme", Origin::default(), OnDuplicate::Ignore).await;
    assert_eq!((first.arrival, first.lead.subject.group_id), (Arrival::Created, act.group_id));

    let known = post(&act, "Rival", Origin::default(), OnDuplicate::Ignore).await;
    assert_eq!((known.arrival, &known.lead), (Arrival::Known, &first.lead));

    let updated = post(&act, "Rival", Origin::default(), OnDuplicate::Update).await;
    assert_eq!((updated.arrival, updated.lead.subject.id), (Arrival::Updated, first.lead.subject.id));
    assert_eq!(updated.lead.profile.company_name.as_deref(), Some("Rival"));

    let second = post(&act, "Acme", Origin::default(), OnDuplicate::Create).await;
    assert_eq!(second.arrival, Arrival::Created);
    assert_ne!(second.lead.subject.id, first.lead.subject.id);
    assert!(first.lead.owns_email && !second.lead.owns_email);
}

#[tokio::test]
async fn what_was_looked_up_elsewhere_is_not_believed_of_another_group() {
    let scene = Scene::new().await;
    let act = scene.act();
    let first = post(&act, "Acme", Origin::default(), OnDuplicate::Ignore).await;
    let stranger = Some(act.app.id());
    let looked_up = leads::look_up(&act, stranger, "jane@acme.example").await.unwrap();
    let new = NewLead { change: jane("Acme"), origin: Origin::default(), looked_up: Some(looked_up) };
    let again = leads::create(&act, new, OnDuplicate::Ignore).await.unwrap();
    assert_eq!((again.arrival, again.lead.subject.id), (Arrival::Known, first.lead.subject.id));
}

#[tokio::test]
async fn a_lead_stays_with_the_execution_that_asked_first_and_an_invoice_goes_to_the_newest() {
    let scene = Scene::new().await;
    let act = scene.act();
    post(&act, "Acme", asking("1"), OnDuplicate::Update).await;
    let new = NewLead { change: jane("Acme"), origin: asking("2"), looked_up: None };
    let refused = leads::create(&act, new, OnDuplicate::Update).await.unwrap_err();
    assert_eq!(refused.code, "in_review");

    let bill = async |execution: &str| {
        let change = invoice::Change { amount: Some(5000), ..invoice::Change::default() };
        let new = NewInvoice { number: "INV-1".into(), change, origin: asking(execution) };
        invoices::create(&act, new, OnDuplicate::Update).await.unwrap()
    };
    assert_eq!(bill("1").await.arrival, Arrival::Created);
    let newest = bill("2").await;
    assert_eq!(newest.arrival, Arrival::Updated);
    assert_eq!(newest.invoice.subject.execution_id.as_deref(), Some("2"));
    assert!(newest.invoice.subject.review.human_interaction);
}

#[tokio::test]
async fn a_post_renews_what_was_sent_back_and_keeps_its_id() {
    let scene = Scene::new().await;
    let act = scene.act();
    let new = |content: &str| NewPayload {
        title: "Report".into(),
        task_type: None,
        content: Json::of_text(content),
        status: None,
        origin: Origin { allow_regenerate: true, ..asking("1") },
    };
    let first = payloads::create(&act, new("draft")).await.unwrap().payload;
    let decide = Decide {
        entity_type: EntityType::CustomPayload,
        entity_id: first.subject.id,
        to: AutomationStatus::Regenerate,
        notes: None,
        execution_id: None,
        installation_id: None,
    };
    let decided = reviews::decide(&act, decide.clone()).await.unwrap();
    assert_eq!(decided.subject.review.automation_status, AutomationStatus::Regenerate);
    let refused = Decide { to: AutomationStatus::Denied, ..decide };
    assert_eq!(reviews::decide(&act, refused).await.unwrap_err().code, "already_decided");

    let renewed = payloads::create(&act, new("better")).await.unwrap().payload;
    assert_eq!(renewed.subject.id, first.subject.id);
    assert_eq!(renewed.subject.review.automation_status, AutomationStatus::Pending);
    assert_eq!(payloads::content(&act, &renewed).await.unwrap().as_str(), "\"better\"");
}

#[tokio::test]
async fn a_deletion_tells_who_waits_for_nothing_now() {
    let scene = Scene::new().await;
    let act = scene.act();
    let lead = post(&act, "Acme", asking("1"), OnDuplicate::Ignore).await.lead;
    let deleted = leads::delete(&act, lead.id(), Waiting::Waits).await.unwrap();
    assert_eq!(deleted.warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["execution_waits"]);
    let again = leads::delete(&act, lead.id(), Waiting::Waits).await.unwrap_err();
    assert_eq!(again.code, "not_found");
}

#[tokio::test]
async fn every_lead_of_many_is_accounted_for() {
    let scene = Scene::new().await;
    let act = scene.act();
    let lead = post(&act, "Acme", Origin::default(), OnDuplicate::Ignore).await.lead.id();
    let nobody = act.app.id();
    let done = leads::bulk(&act, Bulk::Delete(Waiting::Waits), &[lead, nobody]).await.unwrap();
    assert_eq!((done.ends[&lead], done.ends[&nobody]), (None, Some(Trouble::NotFound)));
    assert!(act.repos().leads().get(lead).await.unwrap().is_none());
}
