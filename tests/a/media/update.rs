use std::time::Duration;

use serde_json::{Value, json};

use super::{VIMEO, YOUTUBE, make, shown};
use harness::{Answer, TestApp, assert_holds, named, samples};

const PATH: &str = "/api/media/42";

async fn patch(house: &TestApp, body: Value) -> Answer {
    house.acme.patch(PATH, body).await
}

/// The name goes before the id, but an id that is none is a mistake all the same.
#[tokio::test]
async fn a_wrong_collection_id_is_named_beside_a_name() {
    let house = samples::scene().await;
    let answer = patch(&house, json!({ "collection_name": "Summer", "collection_id": {} })).await;
    assert_eq!((answer.status, named(&answer)), (422, vec!["collection_id"]), "{answer:?}");
}

#[tokio::test]
async fn what_is_left_out_stays() {
    let house = samples::scene().await;
    let mut expected = shown(&house.acme, 42).await;
    house.advance(Duration::from_secs(60));
    let answer =
        patch(&house, json!({ "description": "Second cut", "status": "late", "tags": "", "width": null }))
            .await;
    assert_eq!((answer.status, &answer.json["id"]), (200, &json!(42)), "{answer:?}");
    expected["description"] = json!("Second cut");
    expected["status"] = json!("late");
    expected["changed"] = json!(1_737_455_460);
    assert_eq!(shown(&house.acme, 42).await, expected);
    assert_eq!(patch(&house, json!({})).await.status, 200);
    assert_eq!(shown(&house.acme, 42).await, expected);
}

#[tokio::test]
async fn every_field_can_be_changed() {
    let house = samples::scene().await;
    let change = json!({
        "title": "T", "media_type": "audio", "url": "https://cdn.example.com/a.mp3",
        "thumbnail_url": "https://cdn.example.com/t.png", "embed_url": "https://cdn.example.com/e",
        "download_url": "https://cdn.example.com/d", "source": "CDN", "duration": "1:00", "file_size": "1 MB",
        "width": 1, "height": 2, "description": "D", "tags": "x", "status": "s", "human_interaction": false,
        "allow_regenerate": false, "automation_status": "denied", "collection_name": "Sounds",
    });
    assert_eq!(patch(&house, change.clone()).await.status, 200);
    assert_holds(&shown(&house.acme, 42).await, &change);
}

#[tokio::test]
async fn another_address_is_read_anew_and_what_was_sent_stays() {
    let house = TestApp::new().await;
    let body = json!({
        "title": "x", "media_type": "video", "url": YOUTUBE, "thumbnail_url": "https://cdn.example.com/own.jpg",
    });
    let id = make(&house.acme, body).await;
    let path = format!("/api/media/{id}");
    house.acme.patch(&path, json!({ "source_url": VIMEO })).await;
    let now = json!({
        "url": VIMEO, "source": "Vimeo", "provider": "vimeo", "embed_url": "https://player.vimeo.com/video/76979871",
        "download_url": VIMEO, "thumbnail_url": "https://cdn.example.com/own.jpg",
    });
    assert_holds(&shown(&house.acme, id).await, &now);
    house.acme.patch(&path, json!({ "url": "https://cdn.example.com/a.mp4" })).await;
    let now = json!({
        "source": null, "provider": null, "embed_url": null, "thumbnail_url": "https://cdn.example.com/own.jpg",
    });
    assert_holds(&shown(&house.acme, id).await, &now);
}

#[tokio::test]
async fn bad_changes_are_named_and_change_nothing() {
    let house = samples::scene().await;
    let before = shown(&house.acme, 42).await;
    for (body, fields) in [
        (json!({ "title": "" }), vec!["title"]),
        (
            json!({ "media_type": "movie", "url": "x", "collection_id": [] }),
            vec!["collection_id", "media_type", "url"],
        ),
        (json!({ "automation_status": "regenerate" }), vec!["automation_status"]),
    ] {
        assert_eq!(named(&patch(&house, body.clone()).await), fields, "{body}");
    }
    assert_eq!(shown(&house.acme, 42).await, before);
}

#[tokio::test]
async fn a_status_set_here_does_not_resume_n8n() {
    let house = samples::scene().await;
    assert_eq!(patch(&house, json!({ "automation_status": "approved" })).await.status, 200);
    house.live(Duration::from_secs(60)).await;
    assert_eq!(house.n8n.execution(0).unwrap().decisions, Vec::<Value>::new());
    let now = shown(&house.acme, 42).await;
    assert_eq!((&now["decision"], &now["resume"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&now["history"][0]["from"], &now["history"][0]["to"]),
        (&json!("pending"), &json!("approved"))
    );
}

#[tokio::test]
async fn fields_that_cannot_be_changed_are_ignored() {
    let house = samples::scene().await;
    let before = shown(&house.acme, 42).await;
    let body = json!({ "id": 7, "group_id": house.rival.key.group_id, "installation_id": 99, "created": 1 });
    assert_eq!(patch(&house, body).await.status, 200);
    assert_eq!(shown(&house.acme, 42).await, before);
}

#[tokio::test]
async fn two_changes_at_once_keep_both() {
    let house = samples::scene().await;
    let (one, two, three) = tokio::join!(
        patch(&house, json!({ "title": "A" })),
        patch(&house, json!({ "description": "B" })),
        patch(&house, json!({ "collection_name": "C" })),
    );
    assert_eq!((one.status, two.status, three.status), (200, 200, 200));
    assert_holds(
        &shown(&house.acme, 42).await,
        &json!({ "title": "A", "description": "B", "collection_name": "C" }),
    );
}
