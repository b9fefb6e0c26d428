//! Changes to the organization itself.

use futures::future::try_join3;

use super::Scene;
use crate::{
    domain::{
        event::{Event, EventType},
        org::Organization,
        plan::Plan,
    },
    ops::account::{self, BillingChange, Change},
    repo::{events::Filter, orgs},
    store::{Change as Set, Key, Write},
    testing::Plan as Fault,
};

fn named(name: &str) -> Change {
    Change { name: Some(name.into()), ..Change::default() }
}

fn company(name: &str) -> BillingChange {
    BillingChange { company: Some(name.into()), ..BillingChange::default() }
}

impl Scene {
    async fn organization(&self) -> Organization {
        orgs::organization(self.house.store(), self.acme.admin.tenant).await.unwrap().unwrap()
    }

    async fn told(&self) -> Vec<Event> {
        let kinds = vec![EventType::OrganizationUpdated];
        let filter =
            Filter { kinds, by: None, from: self.acme.admin.created_at, to: None, reach: Default::default() };
        self.act().repos().events().list(&filter, 50, None).await.unwrap().found
    }
}

#[tokio::test]
async fn changes_at_once_all_stand_and_are_told() {
    let scene = Scene::new().await;
    let act = scene.act();
    let (name, billing, plan) = (
        account::update(&act, named("Acme Ltd.")),
        account::update_billing(&act, company("Acme Holding")),
        account::set_plan(&act, Plan::Pro),
    );
    try_join3(name, billing, plan).await.unwrap();
    let stands = scene.organization().await;
    assert_eq!((stands.name.as_str(), stands.plan, stands.v), ("Acme Ltd.", Some(Plan::Pro), 4));
    assert_eq!(stands.billing.company.as_deref(), Some("Acme Holding"));
    let mut changed: Vec<_> = scene
        .told()
        .await
        .iter()
        .map(|event| event.data["changed"][0].as_str().unwrap().to_owned())
        .collect();
    changed.sort();
    assert_eq!(changed, ["company", "name", "plan"]);
}

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let scene = Scene::new().await;
    account::update(&scene.act(), named("Acme Ltd.")).await.unwrap();
    let before = scene.house.store().meter().read();
    let same = account::update(&scene.act(), named("Acme Ltd.")).await.unwrap();
    account::update_billing(&scene.act(), company("")).await.unwrap();
    assert_eq!(scene.house.store().meter().read().since(&before).write_units, 0.0);
    assert_eq!((same.organization.v, scene.told().await.len()), (2, 1));
}

#[tokio::test]
async fn who_has_no_plan_has_that_of_the_house_and_what_is_billed_may_go_again() {
    let scene = Scene::new().await;
    let act = scene.act();
    assert_eq!(account::get(&act).await.unwrap().plan, Plan::Business);
    account::set_plan(&act, Plan::Free).await.unwrap();
    assert_eq!(account::get(&act).await.unwrap().plan, Plan::Free);
    let told = scene.told().await.pop().unwrap();
    assert_eq!(serde_json::json!(told.data), serde_json::json!({ "changed": ["plan"], "plan": "free" }));
    account::update_billing(&act, company("Acme Holding")).await.unwrap();
    let billed = account::update_billing(&act, company("")).await.unwrap();
    assert_eq!((billed.account.organization.billing.company, billed.requests_today), (None, 0));
}

#[tokio::test]
async fn an_organization_from_before_there_were_versions_is_changed_too() {
    let scene = Scene::new().await;
    let key = Key::of(scene.acme.admin.tenant, "org", "-");
    let changes = vec![Set::remove("v"), Set::set("v_was", 1)];
    scene.house.store().write(Write::update(key, changes)).await.unwrap();
    assert_eq!(scene.organization().await.v, 0);
    account::update(&scene.act(), named("Acme Ltd.")).await.unwrap();
    assert_eq!((scene.organization().await.v, scene.organization().await.name.as_str()), (1, "Acme Ltd."));
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_told_once() {
    let scene = Scene::new().await;
    scene.house.faults.set(Fault::Contend(3));
    account::update(&scene.act(), named("Acme Ltd.")).await.unwrap();
    scene.house.faults.set(Fault::Calm);
    assert_eq!((scene.organization().await.v, scene.told().await.len()), (2, 1));
}
