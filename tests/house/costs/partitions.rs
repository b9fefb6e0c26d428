//! No partition takes more than it can: DynamoDB gives each 1,000 write units a second.
//!
//! Its one rule: what one tenant, or one client group, makes a second is arithmetic from what one making costs the hottest
//! partition, counted by the engine.

use serde_json::{Value, json};

use harness::{TestApp, samples};

/// Write units a second of one partition.
const MOST: f64 = 1_000.0;
/// Things that are made, with ids and words of their own.
const MADE: u32 = 40;

/// The most that one of many creations costs any partition, on average, and which.
async fn hottest(house: &TestApp, path: &str, body: impl Fn(u32) -> Value) -> (f64, String) {
    let first = house.acme.post(path, body(0)).await;
    assert_eq!(first.status, 201, "{first:?}");
    let watched = house.app.store.meter().watch();
    watched.take();
    for n in 1..=MADE {
        let made = house.acme.post(path, body(n)).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let all = watched.take().into_iter().filter(|(partition, _)| !partition.contains("#rate#"));
    let (partition, units) = all.max_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
    (units / f64::from(MADE), partition)
}

/// The sample with these fields of its own.
fn own(mut body: Value, fields: Value) -> Value {
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_tenant_makes_500_small_payloads_and_a_client_group_300_leads_a_second() {
    let house = samples::scene().await;
    for (what, path, rate, sample) in [
        ("payloads", "/api/payloads", 500.0, samples::payload()),
        ("leads", "/api/leads", 300.0, samples::leads::lead()),
        ("media items", "/api/media", 300.0, samples::media::media()),
    ] {
        let body = |n: u32| match what {
            "leads" => own(sample.clone(), json!({ "email": format!("person{n}@example.com") })),
            _ => own(
                sample.clone(),
                json!({ "title": format!("Number {n}"), "execution_id": format!("e{n}") }),
            ),
        };
        let (units, partition) = hottest(&house, path, body).await;
        println!("{what}: {units} units each in {partition}, {} a second", MOST / units);
        assert!(units * rate <= MOST, "{rate} {what} a second are {} units in {partition}", units * rate);
    }
}
