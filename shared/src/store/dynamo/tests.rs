//! The suite against two independent judges of what DynamoDB does, and what neither of them ever does: conflicts,
//! throttling, lost answers.

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::*;
use crate::aws::standins::{self, Answer, Script};
use crate::store::conformance::fresh;
use crate::tenant::TenantId;

async fn in_dynoxide() -> DynamoStore {
    let config = standins::dynoxide().await;
    table::create(&config, "baton").await.unwrap();
    DynamoStore::new(&config, "baton")
}

/// All cases share one table, as all functions do.
async fn in_ministack() -> DynamoStore {
    static TABLE: OnceCell<String> = OnceCell::const_new();
    let config = standins::ministack();
    let table = TABLE.get_or_init(|| async {
        let table = format!("baton-{}", fresh());
        table::create(&config, &table).await.unwrap();
        table
    });
    DynamoStore::new(&config, table.await)
}

/// Where ministack is wrong about the service: it charges one read unit (half a one on an index) whatever is read.
macro_rules! except_in_ministack {
    (reads_cost_by_four_kilobytes $($test:tt)*) => { #[should_panic] $($test)* };
    (batch_costs_item_by_item $($test:tt)*) => { #[should_panic] $($test)* };
    (query_costs_by_the_page $($test:tt)*) => { #[should_panic] $($test)* };
    (index_query_costs_half $($test:tt)*) => { #[should_panic] $($test)* };
    ($case:ident $($test:tt)*) => { $($test)* };
}

crate::store_conformance!(dynoxide, async { ((), in_dynoxide().await) });
crate::store_conformance!(
    ministack,
    async { ((), in_ministack().await) },
    #[ignore = "needs TEST_AWS_ENDPOINT: infra/standins/run.sh"],
    through except_in_ministack
);

fn scripted(answers: impl IntoIterator<Item = Answer>) -> (Script, DynamoStore) {
    let (script, config) = Script::new(answers);
    (script, DynamoStore::new(&config, "baton"))
}

fn key(sort: &str) -> Key {
    Key::of(TenantId(1), "lead", sort)
}

fn refusal(name: &str) -> Answer {
    Answer::Json(400, json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{name}")}))
}

fn canceled(codes: &[&str]) -> Answer {
    let reasons: Vec<_> = codes.iter().map(|code| json!({"Code": code})).collect();
    let name = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    Answer::Json(400, json!({"__type": name, "CancellationReasons": reasons}))
}

fn done() -> Answer {
    Answer::Json(200, json!({}))
}

fn two_puts() -> Vec<Write> {
    ["1", "2"].map(|sort| Write::put(key(sort), Attrs::new()).labelled(sort)).to_vec()
}

/// The client tokens of the requests, each once.
fn tokens(script: &Script) -> Vec<Value> {
    let mut tokens: Vec<_> =
        script.requests().iter().map(|request| request["ClientRequestToken"].clone()).collect();
    assert!(tokens.iter().all(Value::is_string), "{tokens:?}");
    tokens.dedup();
    tokens
}

#[tokio::test]
async fn a_conflict_is_tried_again_under_the_same_token() {
    let (script, store) =
        scripted([canceled(&["None", "TransactionConflict"]), canceled(&["ThrottlingError"]), done()]);
    store.transact(two_puts()).await.unwrap();
    assert_eq!((script.requests().len(), tokens(&script).len()), (3, 1));
}

#[tokio::test]
async fn a_conflict_that_does_not_pass_is_a_conflict() {
    let (script, store) = scripted((0..5).map(|_| canceled(&["TransactionConflict", "None"])));
    assert!(matches!(store.transact(two_puts()).await, Err(StoreError::Conflict)));
    assert_eq!(script.requests().len(), 5);
}

#[tokio::test]
async fn a_failed_condition_is_not_tried_again() {
    let (script, store) = scripted([canceled(&["TransactionConflict", "ConditionalCheckFailed"])]);
    let refused = store.transact(two_puts()).await.unwrap_err();
    assert!(matches!(refused.refused_by("2"), Some(None)), "{refused:?}");
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_the_same_token() {
    let (script, store) = scripted([Answer::Lost, done()]);
    store.transact(two_puts()).await.unwrap();
    assert_eq!((script.requests().len(), tokens(&script).len()), (2, 1));
}

#[tokio::test]
async fn two_transactions_have_two_tokens() {
    let (script, store) = scripted([done(), done()]);
    store.transact(two_puts()).await.unwrap();
    store.transact(two_puts()).await.unwrap();
    assert_eq!(tokens(&script).len(), 2);
}

#[tokio::test]
async fn a_single_write_in_conflict_is_tried_again() {
    let writes = [
        Write::put(key("1"), Attrs::new()),
        Write::update(key("1"), vec![Change::set("n", 1)]),
        Write::delete(key("1")),
    ];
    for write in writes {
        let (script, store) = scripted([refusal("TransactionConflictException"), done()]);
        store.write(write).await.unwrap();
        assert_eq!(script.requests().len(), 2);
    }
}

#[tokio::test]
async fn throttling_that_does_not_pass_is_throttling() {
    for name in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let (_, store) = scripted((0..5).map(|_| refusal(name)));
        let refused = store.get(&key("1")).await;
        assert!(matches!(refused, Err(StoreError::Throttled)), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_unavailable() {
    let (_, store) = scripted((0..5).map(|_| Answer::Lost));
    assert!(matches!(store.get(&key("1")).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn keys_left_unprocessed_are_read_again() {
    let raw = |sort: &str| json!({"pk": {"S": key(sort).pk()}, "sk": {"S": sort}});
    let page = |found: &[&str], left: &[&str]| {
        let [found, left] = [found, left].map(|sorts| sorts.iter().map(|sort| raw(sort)).collect::<Vec<_>>());
        let left = if left.is_empty() { json!({}) } else { json!({"baton": {"Keys": left}}) };
        Answer::Json(200, json!({"Responses": {"baton": found}, "UnprocessedKeys": left}))
    };
    let all = ["1", "2", "3"];
    let (script, store) = scripted([page(&[], &all), page(&["1"], &["2", "3"]), page(&["3", "2"], &[])]);
    let mut found = store.batch_get(&all.map(key)).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found.iter().map(|item| item.key.sk()).collect::<Vec<_>>(), all);
    let asked: Vec<_> =
        script.requests().iter().map(|request| request["RequestItems"]["baton"].clone()).collect();
    assert_eq!(asked.iter().map(|of| of["Keys"].as_array().unwrap().len()).collect::<Vec<_>>(), [3, 3, 2]);
    assert!(asked.iter().all(|of| of["ConsistentRead"] == true), "{asked:?}");

    let (_, store) = scripted((0..BATCH_ATTEMPTS).map(|_| page(&[], &all)));
    assert!(matches!(store.batch_get(&all.map(key)).await, Err(StoreError::Throttled)));
}
