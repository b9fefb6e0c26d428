use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use standins::crowd::crowd;

use super::{PATH, listed, make, make_as, person, shown};
use harness::{Answer, TestApp, named, samples};

const BULK: &str = "/api/leads/bulk";

async fn bulk(house: &TestApp, body: Value) -> Answer {
    house.acme.post(BULK, body).await
}

/// So many leads with the ids from 1000 on.
async fn many(house: &TestApp, count: u64) -> Vec<u64> {
    let key = &house.acme.key;
    crowd(&*house.app.store, key.tenant, key.group_id, 1000, count).await.unwrap();
    (1000..1000 + count).collect()
}

#[tokio::test]
async fn the_sample_moves_three_leads() {
    let house = samples::scene().await;
    let body = json!({ "action": "update_status", "ids": [101, 102, 103], "status": "Qualified" });
    let answer = bulk(&house, body).await;
    let expected = json!({ "success": true, "action": "update_status", "affected": 3, "failed": [] });
    assert_eq!((answer.status, &answer.json), (200, &expected));
    assert_eq!(listed(&house, "?status=Qualified").await, [103, 102, 101]);
    assert_eq!(listed(&house, "?status=New").await, [] as [u64; 0]);
}

#[tokio::test]
async fn every_id_is_accounted_for() {
    let house = samples::scene().await;
    let foreign = make_as(&house.rival, person("joe@rival.example")).await;
    let ids = json!([101, "102", 101, "101", foreign, 4242, "x", 0, 103]);
    let answer = bulk(&house, json!({ "action": "update_status", "ids": ids, "status": "won" })).await;
    let failed = |id: Value| json!({ "id": id, "error": "not found" });
    let expected = json!({
        "success": true, "action": "update_status", "affected": 3,
        "failed": [failed(json!(foreign)), failed(json!(4242)), failed(json!("x")), failed(json!(0))],
    });
    assert_eq!((answer.status, &answer.json), (200, &expected));
    let rivals = house.rival.get(&format!("{PATH}/{foreign}")).await;
    assert_eq!(rivals.json["status"], "New");
}

#[tokio::test]
async fn delete_takes_them_out_of_every_list_and_frees_their_addresses() {
    let house = samples::scene().await;
    let answer = bulk(&house, json!({ "action": "delete", "ids": "[101,103]", "status": "ignored" })).await;
    assert_eq!(named(&answer), ["status"], "what is sent must make sense");
    let answer = bulk(&house, json!({ "action": "delete", "ids": "[101,103]" })).await;
    let expected = json!({ "success": true, "action": "delete", "affected": 2, "failed": [] });
    assert_eq!((answer.status, &answer.json), (200, &expected));
    assert_eq!(listed(&house, "").await, [102]);
    assert_eq!(listed(&house, "?search=garcia").await, [] as [u64; 0]);
    make(&house, person("maria@example.org")).await;
    let again = bulk(&house, json!({ "action": "delete", "ids": [101, 102] })).await;
    assert_eq!((&again.json["affected"], &again.json["failed"][0]["id"]), (&json!(1), &json!(101)));
}

#[tokio::test]
async fn five_hundred_are_one_request_and_one_more_is_refused() {
    let house = TestApp::new().await;
    let ids = many(&house, 500).await;
    let before = house.meter();
    let answer = bulk(&house, json!({ "action": "update_status", "ids": ids, "status": "Won" })).await;
    let spent = house.meter().since(&before);
    assert_eq!(
        (answer.status, &answer.json["affected"], &answer.json["failed"]),
        (200, &json!(500), &json!([]))
    );
    // The key and its user, the pipeline, whether there are lists by client group, five batches; then fifty leads with their events
    // in a transaction, and four entries each by themselves. 71 are won already.
    assert_eq!(spent.round_trips, 2 + 1 + 1 + 5 + 9 + 4 * 429);
    assert_eq!((spent.read_units, spent.write_units), (504.0, 429.0 * 8.0));
    assert_eq!(super::paged(&house, "status=Won", 500).await.len(), 500);

    let before = house.meter();
    let answer = bulk(&house, json!({ "action": "update_status", "ids": ids, "status": "Won" })).await;
    let spent = house.meter().since(&before);
    assert_eq!((&answer.json["affected"], spent.write_units), (&json!(500), 0.0), "nothing is left to do");

    let too_many: Vec<u64> = (1..=501).collect();
    let refused = bulk(&house, json!({ "action": "delete", "ids": too_many })).await;
    assert_eq!(named(&refused), ["ids"]);

    let answer = bulk(&house, json!({ "action": "delete", "ids": ids })).await;
    assert_eq!((&answer.json["affected"], &answer.json["failed"]), (&json!(500), &json!([])));
    assert_eq!(listed(&house, "").await, [] as [u64; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_changes_meanwhile_is_done_all_the_same() {
    let house = TestApp::new().await;
    let ids = many(&house, 60).await;
    let move_to = |status: &'static str| {
        let body = json!({ "action": "update_status", "ids": ids, "status": status });
        let house = &house;
        async move { bulk(house, body).await }
    };
    let touch = futures::future::join_all(ids.iter().map(|id| {
        let house = &house;
        async move { house.acme.patch(&format!("{PATH}/{id}"), json!({ "phone": "7" })).await }
    }));
    let (won, lost, touched) = tokio::join!(move_to("Won"), move_to("Lost"), touch);
    for answer in [won, lost] {
        assert_eq!((answer.status, &answer.json["affected"]), (200, &json!(60)), "{answer:?}");
    }
    assert!(touched.iter().all(|answer| answer.status == 200), "{touched:?}");
    let (won, lost) =
        (listed(&house, "?status=Won&limit=100").await, listed(&house, "?status=Lost&limit=100").await);
    let both: BTreeSet<u64> = won.iter().chain(&lost).copied().collect();
    assert_eq!((won.len() + lost.len(), both.len()), (60, 60), "each lead is in one list");
    for id in ids {
        assert_eq!(shown(&house, id).await["phone"], "7");
    }
}

#[tokio::test]
async fn a_repeat_is_answered_alike() {
    let house = samples::scene().await;
    let body = json!({ "action": "delete", "ids": [101, 102, 4242] });
    let first = house.acme.post_once(BULK, "once", body.clone()).await;
    assert_eq!(first.json["affected"], 2, "{first:?}");
    house.advance(Duration::from_secs(60));
    let second = house.acme.post_once(BULK, "once", body).await;
    assert_eq!((second.status, &second.text), (200, &first.text));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn all_mistakes_are_named_at_once() {
    let house = samples::scene().await;
    let refused = bulk(&house, json!({ "action": "archive", "ids": [{}], "status": "Open" })).await;
    assert_eq!(named(&refused), ["action", "ids", "status"]);
    let without = bulk(&house, json!({ "action": "update_status", "ids": [101] })).await;
    assert_eq!(named(&without), ["status"]);
}

#[tokio::test]
async fn what_was_sent_as_ids_never_keeps_the_repeat_from_being_answered() {
    for (bytes, whole) in [(300, true), (1_000, false), (10_000, false)] {
        let house = samples::scene().await;
        let long = |n: usize| format!("{n:03}{}", "\u{1}".repeat(bytes / 6));
        let mut ids: Vec<Value> = (0..499).map(|n| json!(long(n))).collect();
        ids.push(json!(101));
        let body = json!({ "action": "delete", "ids": ids });
        let first = house.acme.post_once(BULK, "once", body.clone()).await;
        assert_eq!((first.status, &first.json["affected"]), (200, &json!(1)), "{bytes}");
        assert_eq!(first.json["failed"].as_array().map(Vec::len), Some(499));
        assert_eq!(first.json["failed"][7]["id"], long(7), "as it was sent");
        house.advance(Duration::from_secs(60));
        let again = house.acme.post_once(BULK, "once", body).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")), "{bytes}");
        assert_eq!(again.text == first.text, whole, "{bytes}");
        for told in ["action", "affected", "success"] {
            assert_eq!(again.json[told], first.json[told]);
        }
        assert_eq!(again.json["failed"].as_array().map(Vec::len), Some(499));
        assert!(long(7).starts_with(again.json["failed"][7]["id"].as_str().unwrap()));
        assert_eq!(again.json["warnings"][0]["code"].as_str(), (!whole).then_some("ids_cut"));
    }
}
