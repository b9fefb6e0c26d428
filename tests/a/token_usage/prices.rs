//! Prices of the organization's own, and pricing anew.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use shared::pricing::PRICE_VERSION;

use harness::{TestApp, named, refusal, samples};

const PATH: &str = "/api/model-prices";
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn set(house: &TestApp, model: &str, from: Option<&str>, input: f64) {
    let price =
        json!({ "model_id": model, "from": from, "input_per_million": input, "output_per_million": 0 });
    let answer = house.acme.put(PATH, price).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The cost of a million tokens of input.
async fn cost(house: &TestApp, workflow: &str, model: &str) -> Value {
    let mut body = samples::with(samples::token_usage(), "model_id", json!(model));
    body["workflow_id"] = json!(workflow);
    body["input_tokens"] = json!(1_000_000);
    body["output_tokens"] = json!(0);
    let answer = house.acme.post("/api/token-usage", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json["data"]["total_cost"].clone()
}

async fn total(house: &TestApp, workflow: &str) -> Value {
    house.acme.get(&format!("/api/token-usage/{workflow}/stats")).await.json["stats"]["total_cost"].clone()
}

/// Lets every chore that is owed be done.
async fn settle(house: &TestApp) {
    for _ in 0..6 {
        house.advance(2 * MINUTE);
        house.sweep().await;
        house.drain().await;
    }
}

/// The sums are those of the records that count.
async fn sums_are_exact(house: &TestApp, workflow: &str) {
    let log = house.app.repos(house.acme.key.tenant).usage(workflow);
    let (records, _) = log.page(None, 1000).await.unwrap();
    let pico: i64 = records.iter().filter(|usage| !usage.outdone).map(|usage| usage.pico()).sum();
    let unpriced = records.iter().filter(|usage| !usage.model_found).count();
    for sums in [
        log.totals().await.unwrap(),
        log.totals_between(shared::clock::Millis(0), house.app.now()).await.unwrap(),
    ] {
        assert_eq!(sums.iter().map(|model| model.totals.pico).sum::<i64>(), pico);
        assert_eq!(
            sums.iter().map(|model| model.totals.unpriced).sum::<i64>(),
            i64::try_from(unpriced).unwrap()
        );
    }
}

#[tokio::test]
async fn an_own_price_goes_before_the_table_from_its_day_on() {
    let house = TestApp::new().await;
    assert_eq!(cost(&house, "w", "gpt-4").await, json!(30));
    set(&house, "GPT-4", Some("2025-01-22"), 20.0).await;
    assert_eq!(cost(&house, "w", "gpt-4").await, json!(30), "not yet");
    house.advance(DAY);
    assert_eq!(cost(&house, "w", "gpt-4").await, json!(20));
    assert_eq!(cost(&house, "w", "openai/gpt-4").await, json!(20), "another spelling of it");
    assert_eq!(cost(&house, "w", "gpt-4o").await, json!(2.5));
    set(&house, "gpt-4", Some("2025-01-22"), 10.5).await;
    assert_eq!(cost(&house, "w", "gpt-4").await, json!(10.5), "replaced");
    let listed = house.acme.get(PATH).await.json;
    assert_eq!((&listed["count"], &listed["prices"][0]["input_per_million"]), (&json!(1), &json!(10.5)));
    assert_eq!(house.rival.get(PATH).await.json["count"], 0);
    let gone = house.acme.delete(&format!("{PATH}?model_id=gpt-4&from=2025-01-22")).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(cost(&house, "w", "gpt-4").await, json!(30));
    let again = house.acme.delete(&format!("{PATH}?model_id=gpt-4&from=2025-01-22")).await;
    assert_eq!((again.status, refusal(&again, PATH).as_str()), (404, "not_found"));
    assert_eq!(named(&house.acme.delete(PATH).await), ["model_id"]);
}

#[tokio::test]
async fn other_instances_know_a_price_within_a_minute() {
    let mut house = TestApp::new().await;
    assert_eq!(cost(&house, "w", "gpt-4").await, json!(30));
    let elsewhere = house.app.clone();
    house.restart();
    set(&house, "gpt-4", None, 20.0).await;
    drop(elsewhere);
    house.advance(MINUTE);
    assert_eq!(cost(&house, "w", "gpt-4").await, json!(20));
}

#[tokio::test]
async fn models_without_a_price_are_listed_and_get_one() {
    let house = TestApp::new().await;
    for workflow in ["w1", "w2"] {
        for _ in 0..3 {
            assert_eq!(cost(&house, workflow, "our-own").await, json!(0));
        }
    }
    cost(&house, "w2", "gpt-4").await;
    let unpriced = house.acme.get(PATH).await.json["unpriced"].clone();
    assert_eq!(unpriced, json!([{ "model_id": "our-own", "records": 6, "workflow_ids": ["w1", "w2"] }]));
    let stats = house.acme.get("/api/token-usage/w1/stats").await.json["stats"].clone();
    assert_eq!(stats["unpriced_records"], 3, "{stats}");
    set(&house, "our-own", None, 2.0).await;
    settle(&house).await;
    assert_eq!((total(&house, "w1").await, total(&house, "w2").await), (json!(6), json!(36)));
    assert_eq!(house.acme.get(PATH).await.json["unpriced"], json!([]));
    let record = house.acme.get("/api/token-usage/w1/records").await.json["records"][0].clone();
    assert_eq!((&record["model_found"], &record["total_cost"]), (&json!(true), &json!(2)), "{record}");
    for workflow in ["w1", "w2"] {
        sums_are_exact(&house, workflow).await;
    }
}

#[tokio::test]
async fn a_new_table_prices_what_had_no_price() {
    a_table_is_met(async |house| {
        cost(house, "other", "gpt-4").await;
    })
    .await;
}

#[tokio::test]
async fn a_new_table_prices_it_too_when_sums_are_only_looked_at() {
    a_table_is_met(async |house| {
        total(house, "w").await;
    })
    .await;
}

async fn a_table_is_met(by: impl AsyncFn(&TestApp)) {
    let house = TestApp::new().await;
    let tenant = house.acme.key.tenant;
    for _ in 0..3 {
        cost(&house, "w", "our-own").await;
    }
    // As if the records were of a model that only this table knows.
    let log = house.app.repos(tenant).usage("w");
    let (records, _) = log.page(None, 10).await.unwrap();
    for usage in &records {
        let known =
            shared::domain::usage::Usage { model_id: "gpt-4".into(), id: house.app.id(), ..usage.clone() };
        house.app.store.transact(log.post(&known).unwrap()).await.unwrap();
    }
    let settled = house.app.repos(tenant).settled();
    let mut money = settled.load().await.unwrap();
    assert_eq!(money.met, [PRICE_VERSION], "noted with the first record without a price");
    money.met = vec!["the-table-before".into()];
    money.v += 1;
    house.app.store.write(settled.put_next(&money).unwrap()).await.unwrap();
    house.advance(MINUTE);
    by(&house).await;
    assert_eq!(settled.load().await.unwrap().met, ["the-table-before", PRICE_VERSION]);
    assert_eq!(total(&house, "w").await, json!(0));
    settle(&house).await;
    assert_eq!(total(&house, "w").await, json!(90));
    sums_are_exact(&house, "w").await;
}

#[tokio::test]
async fn an_organization_whose_models_all_have_prices_notes_no_table() {
    let house = TestApp::new().await;
    cost(&house, "w", "gpt-4").await;
    let settled = house.app.repos(house.acme.key.tenant).settled();
    assert_eq!(settled.load().await.unwrap().v, 0);
}

#[tokio::test]
async fn records_are_priced_anew_from_a_moment_on() {
    let house = TestApp::new().await;
    cost(&house, "w1", "gpt-4").await;
    house.advance(DAY);
    cost(&house, "w1", "gpt-4").await;
    cost(&house, "w2", "gpt-4").await;
    set(&house, "gpt-4", None, 20.0).await;
    settle(&house).await;
    assert_eq!(total(&house, "w1").await, json!(60), "what had a price keeps it");
    let answer = house.acme.post("/api/token-usage/reprice", json!({ "from": "2025-01-22" })).await;
    assert_eq!((answer.status, &answer.json["from"]), (202, &json!("2025-01-22T00:00:00Z")), "{answer:?}");
    settle(&house).await;
    assert_eq!((total(&house, "w1").await, total(&house, "w2").await), (json!(50), json!(20)));
    for workflow in ["w1", "w2"] {
        sums_are_exact(&house, workflow).await;
    }
    assert_eq!(named(&house.acme.post("/api/token-usage/reprice", json!({})).await), ["from"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sums_stay_exact_while_records_come_in() {
    let house = TestApp::new().await;
    join_all((0..120).map(|_| cost(&house, "w", "our-own"))).await;
    set(&house, "our-own", None, 2.0).await;
    house.advance(2 * MINUTE);
    let posts = async {
        for _ in 0..5 {
            join_all((0..6).map(|_| cost(&house, "w", "our-own"))).await;
        }
    };
    let work = async {
        house.sweep().await;
        house.drain().await;
    };
    futures::join!(posts, work);
    settle(&house).await;
    assert_eq!(total(&house, "w").await, json!(300));
    sums_are_exact(&house, "w").await;
}

#[tokio::test]
async fn a_day_is_the_one_in_utc() {
    let house = TestApp::new().await;
    set(&house, "our-own", Some("2026-11-30T01:00:00+14:00"), 1.0).await;
    let listed = house.acme.get(PATH).await.json;
    assert_eq!(listed["prices"][0]["from"], "2026-11-29", "{listed}");
    let gone = house.acme.delete(&format!("{PATH}?model_id=our-own&from=2026-11-29")).await;
    assert_eq!(gone.status, 200, "{gone:?}");
}

#[tokio::test]
async fn an_own_price_holds_for_other_names_of_an_own_model() {
    let house = TestApp::new().await;
    set(&house, "our-m", None, 2.0).await;
    for model in ["our-m", "openai/our-m", "our-m-2025-01-01"] {
        assert_eq!(cost(&house, "w", model).await, json!(2), "{model}");
    }
    assert_eq!(cost(&house, "w", "our-m-mini").await, json!(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_deletions_at_once_one_finds_nothing() {
    let house = TestApp::new().await;
    for _ in 0..20 {
        set(&house, "our-own", None, 1.0).await;
        let path = format!("{PATH}?model_id=our-own");
        let (one, two) = tokio::join!(house.acme.delete(&path), house.acme.delete(&path));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_prices_are_set_at_once() {
    let house = TestApp::new().await;
    let names: Vec<String> = (0..160).map(|n| format!("our-{n}")).collect();
    for together in names.chunks(16) {
        join_all(together.iter().map(|model| set(&house, model, None, 1.0))).await;
    }
    let listed = house.acme.get(PATH).await.json;
    assert_eq!(listed["prices"].as_array().unwrap().len(), 160);
}
