//! Alerts.

use serde_json::json;
use shared::{
    domain::alert::{Condition, Rule, Rules},
    ids::{AlertId, InstallationId},
};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

/// Alert 91, about a workflow that no sample speaks of: what it costs to be watched is nobody else's.
pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    let now = house.app.now();
    let rule = Rule {
        id: AlertId::from_u64(base + 91).unwrap(),
        title: "Workflow is silent".into(),
        condition: Condition::Silent { minutes: 1440 },
        installation_id: None,
        workflow_id: Some("nightly".into()),
        created_at: now,
        changed_at: now,
    };
    let alerts = house.app.repos(caller.key.tenant).alerts();
    house.app.store.write(alerts.replace_rules(&Rules { rules: vec![rule], v: 1 }).unwrap()).await.unwrap();
}

/// One more, about installation `base + 45`.
pub async fn seed_beside(house: &TestApp, caller: &Caller, base: u64) {
    let alerts = house.app.repos(caller.key.tenant).alerts();
    let mut rules = alerts.rules().await.unwrap();
    let first = rules.rules[0].clone();
    let installation_id = Some(InstallationId::from_u64(base + 45).unwrap());
    let id = AlertId::from_u64(base + 91).unwrap();
    rules.rules.push(Rule { id, installation_id, workflow_id: None, ..first });
    rules.v += 1;
    house.app.store.write(alerts.replace_rules(&rules).unwrap()).await.unwrap();
}

pub fn samples() -> [Sample; 4] {
    [
        read("list_alerts", "/api/alerts"),
        Sample {
            required: &["kind"],
            wrong: vec![
                ("kind", json!("broken")),
                ("kind", json!(7)),
                ("title", json!({})),
                ("title", json!("t".repeat(101))),
                ("failures", json!(0)),
                ("failures", json!(51)),
                ("of_last", json!(2)),
                ("of_last", json!("many")),
                ("after_minutes", json!(60)),
                ("installation_id", json!({})),
                ("workflow_id", json!([])),
            ],
            ids: &["installation_id"],
            ..write("create_alert", "/api/alerts", json!({ "kind": "failing", "failures": 3, "of_last": 5 }))
        },
        Sample {
            nowhere: Some("/api/alerts/4242"),
            wrong: vec![("title", json!({})), ("after_minutes", json!(4)), ("failures", json!(3))],
            ..write("update_alert", "/api/alerts/91", json!({ "after_minutes": 720 }))
        },
        Sample { nowhere: Some("/api/alerts/4242"), ..read("delete_alert", "/api/alerts/91") },
    ]
}
