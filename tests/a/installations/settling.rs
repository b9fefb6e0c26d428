//! Whose call posted and pushed usage speak of: which n8n, which run, which node.

use futures::future::join_all;
use serde_json::{Value, json};
use shared::{
    domain::usage::Usage,
    ids::Id,
    store::{Change, Key, Write},
};

use super::push::{house, push};
use harness::{N8N, TestApp, samples};

/// Model calls by node, each of so many tokens read and written.
fn calls(nodes: impl IntoIterator<Item = (String, u64, u64)>) -> Value {
    let mut runs = serde_json::Map::new();
    for (node, input, output) in nodes {
        let log = json!({ "tokenUsage": { "promptTokens": input, "completionTokens": output },
            "response": { "generations": [[{ "generationInfo": { "model_name": "gpt-4o" } }]] } });
        let run = json!({ "startTime": 2, "executionTime": 1, "source": [{ "previousNode": "Agent" }],
            "data": { "ai_languageModel": [[{ "json": log }]] } });
        runs.insert(node, json!([run]));
    }
    runs.into()
}

fn execution(id: &str, runs: Value) -> Value {
    json!({ "id": id, "status": "success", "startedAt": "2025-01-21T10:30:00Z", "stoppedAt": "2025-01-21T10:30:05Z",
        "data": { "resultData": { "runData": runs } } })
}

fn one_call(id: &str, input: u64, output: u64) -> Value {
    execution(id, calls([("Model".to_owned(), input, output)]))
}

fn nodes(count: usize) -> Value {
    execution("551", calls((0..count).map(|n| (format!("N{n}"), 100, 50))))
}

async fn push_of(house: &TestApp, installation: u64, execution: Value) -> Value {
    let body =
        json!({ "installation_id": installation, "workflow_id": "abc123", "execution_data": execution });
    let answer = house.acme.post("/api/push/executions", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json["metered"].clone()
}

async fn post(house: &TestApp, execution: &str, fields: Value) {
    let mut body = json!({ "workflow_id": "abc123", "execution_id": execution, "model_id": "gpt-4o" });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let answer = house.acme.post("/api/token-usage", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// A post of a node, of 1000/50 tokens.
async fn post_node(house: &TestApp, node: &str) {
    let fields = json!({ "installation_id": 45, "node_id": node, "input_tokens": 1000, "output_tokens": 50 });
    post(house, "551", fields).await;
}

/// Records and tokens; and that every sum is that of the records which count.
async fn sums(house: &TestApp) -> (i64, i64) {
    let tenant = house.acme.key.tenant;
    let log = house.app.repos(tenant).usage("abc123");
    let (records, next) = log.page(None, 2000).await.unwrap();
    assert!(next.is_none());
    let counting: Vec<&Usage> = records.iter().filter(|usage| !usage.outdone).collect();
    let tokens: u64 = counting.iter().map(|usage| usage.input_tokens + usage.output_tokens).sum();
    let pico: i64 = counting.iter().map(|usage| usage.pico()).sum();
    let expected = (i64::try_from(counting.len()).unwrap(), i64::try_from(tokens).unwrap());
    let by_day = log.totals_between(shared::clock::Millis(0), house.app.now()).await.unwrap();
    for sums in [log.totals().await.unwrap(), by_day] {
        let all = sums.iter().fold(shared::domain::usage::Totals::default(), |all, one| all.plus(one.totals));
        assert_eq!(
            (all.records, all.input_tokens + all.output_tokens, all.pico),
            (expected.0, expected.1, pico)
        );
    }
    expected
}

#[tokio::test]
async fn two_n8ns_with_the_same_workflow_and_number_are_two() {
    let house = house().await;
    house.seed_installation(&house.acme, 46).await;
    assert_eq!(push_of(&house, 45, one_call("1", 100, 50)).await, 1);
    assert_eq!(push_of(&house, 46, one_call("1", 200, 50)).await, 1);
    for installation in [45, 46] {
        assert_eq!(push_of(&house, installation, one_call("1", 100, 50)).await, 0, "metered once each");
    }
    assert_eq!(sums(&house).await, (2, 400));
}

#[tokio::test]
async fn a_post_of_one_n8n_is_not_compared_with_a_push_of_another() {
    for push_first in [false, true] {
        let house = house().await;
        house.seed_installation(&house.acme, 46).await;
        let own = json!({ "installation_id": 45, "input_tokens": 100, "output_tokens": 50 });
        if !push_first {
            post(&house, "1", own.clone()).await;
        }
        push_of(&house, 46, one_call("1", 200, 50)).await;
        if push_first {
            post(&house, "1", own).await;
        }
        assert_eq!(sums(&house).await, (2, 400), "push first: {push_first}");
        push_of(&house, 45, one_call("1", 300, 50)).await;
        assert_eq!(sums(&house).await, (2, 600), "its own push is compared: {push_first}");
    }
}

#[tokio::test]
async fn a_post_that_names_no_installation_is_of_the_one_that_pushes_the_execution() {
    let house = house().await;
    house.seed_installation(&house.acme, 46).await;
    let nobody =
        json!({ "n8n_base_url": "https://elsewhere.example.com", "input_tokens": 100, "output_tokens": 50 });
    post(&house, "1", nobody.clone()).await;
    push_of(&house, 46, one_call("1", 200, 50)).await;
    assert_eq!(sums(&house).await, (1, 250));
    push_of(&house, 45, one_call("1", 300, 50)).await;
    assert_eq!(sums(&house).await, (2, 600), "it stays with the one that pushed first");
    post(&house, "1", nobody).await;
    assert_eq!(sums(&house).await, (3, 300 + 350), "two posts come to more than its push");
}

#[tokio::test]
async fn an_n8n_that_was_set_up_anew_counts_from_one_again() {
    let house = house().await;
    let started = |at: &str, input: u64| {
        let mut data = one_call("1", input, 50);
        data["startedAt"] = json!(format!("{at}T10:00:00Z"));
        data["stoppedAt"] = json!(format!("{at}T10:00:05Z"));
        data
    };
    let own = |input: u64| json!({ "installation_id": 45, "input_tokens": input, "output_tokens": 50 });
    assert_eq!(push_of(&house, 45, started("2024-06-01", 100)).await, 1);
    assert_eq!(push_of(&house, 45, started("2025-01-21", 900)).await, 1);
    assert_eq!(sums(&house).await, (2, 1100));
    for at in ["2024-06-01", "2025-01-21"] {
        assert_eq!(push_of(&house, 45, started(at, 100)).await, 0, "{at}");
    }
    post(&house, "1", own(1900)).await;
    assert_eq!(sums(&house).await, (2, 150 + 1950), "the post is of the run that it came after");
}

#[tokio::test]
async fn each_client_group_spends_what_its_own_n8n_used() {
    let house = house().await;
    house.seed_installation(&house.acme, 46).await;
    house.seed_group(&house.acme, 77).await;
    let key = Key::of(house.acme.key.tenant, "installation", Id::from_u64(46).unwrap().sortable());
    let moved = Write::update(key, vec![Change::set("group_id", 77_u64)]);
    house.app.store.write(moved).await.unwrap();
    push_of(&house, 45, one_call("1", 1_000_000, 0)).await;
    push_of(&house, 46, one_call("1", 1_000_000, 0)).await;
    for group in [house.acme.key.group_id.get(), 77] {
        let body = json!({ "title": "Ours", "period": "day", "amount": 100, "group_id": group });
        let made = house.acme.post("/api/budgets", body).await;
        let budget = house.acme.get(&format!("/api/budgets/{}", made.id())).await.json;
        assert_eq!(budget["spent"], json!(2.5), "{budget}");
    }
}

#[tokio::test]
async fn nodes_are_compared_one_by_one_however_many_there_are() {
    for (count, tokens) in [(20, 7500), (21, 7650), (25, 8250), (100, 19_500), (300, 49_500)] {
        for push_first in [false, true] {
            let house = house().await;
            if push_first {
                assert_eq!(push(&house.acme, nodes(count)).await.json["metered"], count);
            }
            for n in 0..5 {
                post_node(&house, &format!("N{n}")).await;
            }
            if !push_first {
                assert_eq!(push(&house.acme, nodes(count)).await.json["metered"], count - 5);
            }
            let records = i64::try_from(count).unwrap();
            assert_eq!(sums(&house).await, (records, tokens), "{count}, push first: {push_first}");
            assert_eq!(push(&house.acme, nodes(count)).await.json["metered"], 0);
            assert_eq!(sums(&house).await, (records, tokens));
        }
    }
}

#[tokio::test]
async fn one_post_of_one_node_undoes_no_other() {
    let house = house().await;
    post_node(&house, "N3").await;
    push(&house.acme, nodes(29)).await;
    assert_eq!(sums(&house).await, (29, 5250));
}

#[tokio::test]
async fn an_account_that_is_too_large_for_a_transaction_changes_sides_in_several() {
    for (count, input, records, tokens) in
        [(120, 10, 120, 18_000), (120, 100_000, 1, 100_050), (500, 10, 500, 75_000)]
    {
        for push_first in [false, true] {
            let house = house().await;
            let all = json!({ "installation_id": 45, "input_tokens": input, "output_tokens": 50 });
            if push_first {
                push(&house.acme, nodes(count)).await;
            }
            post(&house, "551", all).await;
            if !push_first {
                push(&house.acme, nodes(count)).await;
            }
            assert_eq!(sums(&house).await, (records, tokens), "{count}, {input}, push first: {push_first}");
        }
    }
}

#[tokio::test]
async fn a_loop_that_posts_often_is_outdone_by_one_push() {
    for push_first in [false, true] {
        let house = house().await;
        let data = execution("551", calls([("N".to_owned(), 100_000, 9000)]));
        if push_first {
            push(&house.acme, data.clone()).await;
        }
        let item = json!({ "installation_id": 45, "node_id": "N", "input_tokens": 500, "output_tokens": 10 });
        for _ in 0..10 {
            join_all((0..15).map(|_| post(&house, "551", item.clone()))).await;
        }
        if !push_first {
            assert_eq!(push(&house.acme, data).await.json["metered"], 1);
        }
        assert_eq!(sums(&house).await, (1, 109_000), "push first: {push_first}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn posts_and_pushes_of_many_nodes_at_once_count_once() {
    let house = house().await;
    let posts = join_all((0..10).map(|n| {
        let house = &house;
        async move { post_node(house, &format!("N{n}")).await }
    }));
    let pushes = join_all((0..3).map(|_| push(&house.acme, nodes(120))));
    let (_, pushed) = futures::join!(posts, pushes);
    assert!(pushed.iter().all(|answer| answer.status == 200), "{pushed:?}");
    assert_eq!(sums(&house).await, (120, 10 * 1050 + 110 * 150));
}

#[tokio::test]
async fn more_nodes_than_are_told_apart_are_counted_by_model() {
    let house = house().await;
    assert_eq!(push(&house.acme, nodes(501)).await.json["metered"], 501);
    assert_eq!(sums(&house).await, (1, 501 * 150));
}

#[tokio::test]
async fn a_post_of_nothing_does_not_outdo_an_estimate() {
    for push_first in [false, true] {
        let house = house().await;
        let mut runs = calls([("Model".to_owned(), 100, 50)]);
        let log = &mut runs["Model"][0]["data"]["ai_languageModel"][0][0]["json"];
        log["tokenUsageEstimate"] = log["tokenUsage"].take();
        let nothing = json!({ "installation_id": 45, "input_tokens": 0, "output_tokens": 0 });
        if push_first {
            push(&house.acme, execution("551", runs.clone())).await;
        }
        post(&house, "551", nothing).await;
        if !push_first {
            push(&house.acme, execution("551", runs)).await;
        }
        assert_eq!(sums(&house).await, (1, 150));
        let stats = house.acme.get("/api/token-usage/abc123/stats").await.json["stats"].clone();
        assert_eq!(stats["estimated"], true, "push first: {push_first}: {stats}");
    }
}

#[tokio::test]
async fn what_an_expression_left_behind_is_no_name() {
    let house = house().await;
    assert_eq!(push(&house.acme, one_call("undefined", 100, 50)).await.json["metered"], 0);
    let mut data = one_call("551", 100, 50);
    let runs = &mut data["data"]["resultData"]["runData"];
    let log = &mut runs["Model"][0]["data"]["ai_languageModel"][0][0]["json"];
    log["response"]["generations"][0][0]["generationInfo"]["model_name"] = json!("undefined");
    push(&house.acme, data).await;
    let records = house.acme.get("/api/token-usage/abc123/records").await.json["records"].clone();
    assert_eq!(
        (records.as_array().unwrap().len(), &records[0]["model_id"]),
        (1, &json!("unknown")),
        "{records}"
    );
}

#[tokio::test]
async fn ids_of_the_longest_kind_are_stored() {
    for letter in ["雪", "💥", "%", "#"] {
        let house = house().await;
        let (id, long) = (letter.repeat(200), letter.repeat(2100));
        let mut data = one_call(&id, 100, 50);
        let log =
            &mut data["data"]["resultData"]["runData"]["Model"][0]["data"]["ai_languageModel"][0][0]["json"];
        log["response"]["generations"][0][0]["generationInfo"]["model_name"] = json!(id);
        let body = json!({ "installation_id": 45, "workflow_id": id, "execution_data": data });
        let pushed = house.acme.post("/api/push/executions", body).await;
        assert_eq!((pushed.status, &pushed.json["metered"]), (200, &json!(1)), "{pushed:?}");
        let mut body = samples::with(samples::token_usage(), "workflow_id", json!(id));
        for field in ["execution_id", "model_id", "node_id"] {
            body[field] = json!(id);
        }
        body["n8n_base_url"] = json!(N8N);
        assert_eq!(house.acme.post("/api/token-usage", body).await.status, 201);
        let path = |id: &str, what: &str| {
            let escaped: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
            format!("/api/token-usage/{escaped}/{what}")
        };
        let stats = house.acme.get(&path(&id, "stats")).await;
        assert_eq!(stats.json["stats"]["total_records"], 1, "{stats:?}");
        for what in ["stats", "records"] {
            assert_eq!(house.acme.get(&path(&long, what)).await.status, 404, "{what}");
        }
        let prices = house.acme.get("/api/model-prices").await;
        assert_eq!(prices.status, 200, "{prices:?}");
    }
}
