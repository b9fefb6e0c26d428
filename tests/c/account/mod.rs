//! `/api/v1/account` and `/api/v1/account/billing`. What holds of plans in general is in `shared/src/http/tests/plans.rs`.

use serde_json::json;
use shared::{
    config::Settings,
    domain::{org::Role, plan::Plan},
};

use harness::{TestApp, assert_holds, named, refusal, settings};

const PATH: &str = "/api/v1/account";
const BILLING: &str = "/api/v1/account/billing";

#[tokio::test]
async fn an_organization_is_shown_and_renamed() {
    let house = TestApp::new().await;
    let shown = house.acme.get(PATH).await;
    let tenant = house.acme.key.tenant.0;
    let expected = json!({ "id": tenant, "plan": "business", "second_factor_required": false });
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_holds(&shown.json, &expected);
    let wrapped = json!({ "account": { "name": " Acme Ltd. ", "second_factor_required": "true" } });
    let changed = house.acme.patch(PATH, wrapped).await;
    assert_holds(&changed.json, &json!({ "name": "Acme Ltd.", "second_factor_required": true }));
    assert_eq!(house.acme.get(PATH).await.json, changed.json);
    assert_ne!(house.rival.get(PATH).await.json["name"], "Acme Ltd.");
    assert_eq!(house.acme.patch(PATH, json!({})).await.json, changed.json, "what is left out stays");
    assert_eq!(named(&house.acme.patch(PATH, json!({ "name": "" })).await), ["name"]);
}

#[tokio::test]
async fn nobody_gives_himself_a_plan() {
    let house = TestApp::new().await;
    for path in [PATH, BILLING] {
        let refused = house.acme.patch(path, json!({ "plan": "unlimited" })).await;
        assert_eq!(named(&refused), ["plan"], "{path}");
    }
    assert_eq!(house.acme.get(PATH).await.json["plan"], "business");
}

#[tokio::test]
async fn everybody_looks_and_admins_change() {
    let house = TestApp::new().await;
    for role in [Role::Editor, Role::Viewer, Role::Approver] {
        let person = house.user(&house.acme, role).await;
        assert_eq!(person.get(PATH).await.status, 200, "{role:?}");
        for path in [PATH, BILLING] {
            let refused = person.patch(path, json!({})).await;
            assert_eq!(
                (refused.status, refusal(&refused, path).as_str()),
                (403, "missing_scope"),
                "{role:?}"
            );
        }
    }
}

#[tokio::test]
async fn bills_go_to_whom_they_should() {
    let house = TestApp::new().await;
    let all = json!({
        "billing_email": "Billing@acme.example", "company": "Acme Ltd.", "address": "1 High Street\nLondon", "tax_id": "GB1",
    });
    let changed = house.acme.patch(BILLING, all).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_holds(
        &changed.json,
        &json!({
            "plan": "business", "status": "active", "billing_email": "billing@acme.example", "company": "Acme Ltd.",
            "address": "1 High Street\nLondon", "tax_id": "GB1", "limits": { "per_minute": 600, "per_day": 200_000 },
        }),
    );
    let emptied = house.acme.patch(BILLING, json!({ "tax_id": null, "company": "Acme" })).await;
    assert_holds(
        &emptied.json,
        &json!({ "tax_id": null, "company": "Acme", "billing_email": "billing@acme.example" }),
    );
    assert_eq!(house.acme.get(BILLING).await.json, emptied.json);
    assert_eq!(
        named(&house.acme.patch(BILLING, json!({ "billing_email": "nobody" })).await),
        ["billing_email"]
    );
}

#[tokio::test]
async fn what_the_plan_counts_is_shown() {
    let house = TestApp::new().await;
    for _ in 0..3 {
        let listed = house.acme.get("/api/workflows").await;
        assert_eq!(listed.header("x-ratelimit-limit"), Some("600"), "{listed:?}");
    }
    house.acme.get("/api/payloads/list").await;
    assert_eq!(house.acme.get(BILLING).await.json["usage"], json!({ "requests_today": 3 }));
    let house = TestApp::with(Settings { default_plan: Plan::Unlimited, ..settings() }).await;
    let listed = house.acme.get("/api/workflows").await;
    assert_eq!((listed.status, listed.header("x-ratelimit-limit")), (200, None));
    let limits = json!({ "per_minute": null, "per_day": null });
    assert_eq!(house.acme.get(BILLING).await.json["limits"], limits);
}
