//! What leads cost, and that it does not depend on how many there are.

use std::collections::BTreeMap;

use serde_json::json;
use shared::store::meter::Reading;
use standins::crowd::{address, crowd};

use super::{PATH, person, with};
use harness::{Answer, TestApp};

const FIRST: u64 = 1_000_000;
const ROWS: usize = 15;

async fn house_of(count: u64) -> TestApp {
    let house = TestApp::new().await;
    let key = &house.acme.key;
    crowd(&*house.app.store, key.tenant, key.group_id, FIRST, count).await.unwrap();
    // The key is looked up once and then believed.
    house.acme.get("/api").await;
    house
}

async fn metered(house: &TestApp, request: impl Future<Output = Answer>) -> (Answer, Reading) {
    let before = house.meter();
    let answer = request.await;
    assert!(answer.status < 300, "{answer:?}");
    (answer, house.meter().since(&before))
}

/// Every list with every combination of filters: its query, and how many rows it has at least.
fn lists(group: u64) -> Vec<String> {
    let mut queries = vec!["search=ito".into(), format!("email={}", address(77))];
    // The last of a repeated parameter counts. The filter passes six of seven over.
    queries.push("search=ito&status=Won&limit=5".into());
    for status in ["", "&status=Won", "&status=3"] {
        for source in ["", "&source=fair"] {
            for group in [String::new(), format!("&group_id={group}")] {
                queries.push(format!("{status}{source}{group}"));
            }
        }
    }
    queries
}

/// What each request costs in an organization of so many leads.
async fn costs(count: u64) -> BTreeMap<String, Reading> {
    let house = house_of(count).await;
    let mut costs = BTreeMap::new();
    for query in lists(house.acme.key.group_id.get()) {
        let path = format!("{PATH}/list?limit={ROWS}&{query}");
        let (first, spent) = metered(&house, house.acme.get(&path)).await;
        let rows = first.json["leads"].as_array().unwrap().len();
        let expected = if query.starts_with("email") { 1 } else { ROWS };
        assert_eq!(rows, if query.ends_with("limit=5") { 5 } else { expected }, "{query}");
        costs.insert(format!("list {query}"), spent);
        let Some(cursor) = first.json["next_cursor"].as_str() else { continue };
        let (_, spent) = metered(&house, house.acme.get(&format!("{path}&cursor={cursor}"))).await;
        costs.insert(format!("next {query}"), spent);
    }
    let (_, spent) = metered(&house, house.acme.get(&format!("{PATH}/recent"))).await;
    costs.insert("recent".into(), spent);
    let (_, spent) = metered(&house, house.acme.get(&format!("{PATH}/{}", FIRST + 5))).await;
    costs.insert("get".into(), spent);
    let new = with(person("new@example.com"), json!({ "company_name": "Acme Corp", "lead_source": "Fair" }));
    for (name, path, body) in [
        ("create", "", new),
        ("duplicate", "", person(&address(5))),
        (
            "update",
            "?on_duplicate=update",
            with(person(&address(6)), json!({ "first_name": "Finn", "last_name": "Garcia", "phone": "1" })),
        ),
    ] {
        let (_, spent) = metered(&house, house.acme.post(&format!("{PATH}{path}"), body)).await;
        costs.insert(name.into(), spent);
    }
    let path = format!("{PATH}/{}", FIRST + 9);
    let (_, spent) = metered(&house, house.acme.patch(&path, json!({ "status": "Lost" }))).await;
    costs.insert("patch of the status".into(), spent);
    let (_, spent) = metered(&house, house.acme.patch(&path, json!({ "phone": "1" }))).await;
    costs.insert("patch of the phone".into(), spent);
    let ids: Vec<u64> = (FIRST..FIRST + 22).map(|id| id + 100).collect();
    let body = json!({ "action": "update_status", "ids": ids, "status": "Lost" });
    let (_, spent) = metered(&house, house.acme.post(&format!("{PATH}/bulk"), body)).await;
    costs.insert("bulk".into(), spent);
    let (_, spent) = metered(&house, house.acme.delete(&path)).await;
    costs.insert("delete".into(), spent);
    costs
}

#[tokio::test]
async fn nothing_costs_more_because_there_are_more_leads() {
    let (few, many) = (costs(1_000).await, costs(10_000).await);
    assert_eq!(few, many);
    for (what, spent) in &few {
        if what.ends_with("limit=5") {
            assert!(spent.read_units <= 5.0 * 7.0 * 2.0, "{what}: {spent:?}");
        } else if what.starts_with("list") || what.starts_with("next") {
            // A row is a read of its lead and a share of the page of entries; the pipeline and the groups are read once. A search
            // reads the pages of four partitions, side by side.
            let more = if what.contains("search") { 3 } else { 0 };
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let most = 1.1 * ROWS as f64 + 4.0 + more as f64;
            assert!(spent.read_units <= most, "{what}: {spent:?}");
            assert!(spent.round_trips <= 4 + more, "{what}: {spent:?}");
        }
    }
}
