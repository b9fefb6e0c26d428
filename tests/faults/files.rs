//! A form with a file, killed at every call: whatever its client does then, one item has the file, or nobody; and no body
//! stays that is nobody's.

use axum::body::Body;
use http::Method;
use shared::blobs::BlobKey;
use standins::{Plan, dump};

use harness::passing::pass_in_steps;

use super::deaths;
use harness::{Answer, BATON, TestApp, forms::form};

const TEXT: &[u8] = b"what n8n has made";

async fn post(house: &TestApp) -> Answer {
    let fields = [("title", "Report"), ("media_type", "file")];
    form(&house.acme, "/api/media", &fields, TEXT, &[("idempotency-key", "once")]).await
}

/// Every body that is there, of all that were ever put.
async fn bodies(house: &TestApp) -> usize {
    let tenant = house.acme.key.tenant;
    let mut names: Vec<_> = house.faults.blobs().into_iter().map(|(key, _)| key).collect();
    names.sort();
    names.dedup();
    let mut there = 0;
    for name in names {
        let name = name.split_once('/').unwrap().1;
        there += usize::from(house.app.blobs.stat(&BlobKey::of(tenant, name)).await.unwrap().is_some());
    }
    there
}

/// An hour later all is settled: as many items, each with its body, and nothing that is owed.
async fn settled(house: &TestApp, items: usize, place: &str) {
    pass_in_steps(house, 2 * 3600, 600).await;
    let listed = house.acme.get("/api/media/list").await;
    assert_eq!(listed.json["count"], items, "{place}: {listed:?}");
    assert_eq!(bodies(house).await, items, "{place}");
    let left = dump::items(&house.file).await.unwrap();
    assert!(
        left.iter().all(|item| item.due_at.is_none() && !item.pk.contains("#upload")),
        "{place}: {left:?}"
    );
    let counted = left.iter().find(|item| item.pk.ends_with("#files-stored"));
    let expected = format!("\"bytes\":{}", items * TEXT.len());
    assert!(counted.is_none_or(|item| item.body.contains(&expected)), "{place}: {counted:?}");
    if items == 1 {
        let url = listed.json["media"][0]["download_url"].as_str().unwrap();
        let path = url.strip_prefix(BATON).unwrap();
        let got = house.acme.send(Method::GET, path, Body::empty(), &[]).await;
        assert_eq!((got.status, got.text.as_bytes()), (200, TEXT), "{place}");
    }
}

async fn acknowledged(house: &TestApp) -> bool {
    house.acme.get("/api/media/list").await.json["count"] == 1
}

#[tokio::test]
async fn a_form_whose_process_dies_leaves_one_item_or_nothing() {
    let house = TestApp::new().await;
    house.faults.set(Plan::Calm);
    assert_eq!(post(&house).await.status, 201);
    let calls = house.faults.calls();
    assert!(calls.len() > 3, "{calls:?}");
    for comes_back in [false, true] {
        for (plan, place) in deaths(&calls) {
            let mut house = TestApp::new().await;
            house.faults.set(plan);
            assert!(house.faults.survive(post(&house)).await.is_none(), "{place}, and answered all the same");
            house.faults.set(Plan::Calm);
            house.restart();
            if comes_back {
                pass_in_steps(&house, 140, 70).await;
                let answer = post(&house).await;
                assert_eq!(answer.status, 201, "{place}: {answer:?}");
            }
            let items = usize::from(acknowledged(&house).await);
            assert!(items == 1 || !comes_back, "{place}");
            settled(&house, items, &place).await;
        }
    }
}
