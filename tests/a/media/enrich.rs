//! What the provider of a video says of it, in the background.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use shared::{
    egress::{OutError, OutReply},
    queue::QueueName,
};

use super::{VIMEO, YOUTUBE, make, shown};
use harness::{TestApp, assert_holds};

/// Vimeo as it answers about one video. Its status can be changed; 0 is a network that is down.
fn vimeo(house: &TestApp) -> Arc<AtomicU16> {
    let status = Arc::new(AtomicU16::new(200));
    let says = status.clone();
    house.network.host("https://vimeo.com", move |request| {
        assert_eq!(request.url.path(), "/api/oembed.json");
        let body = json!({
            "type": "video", "title": "Theirs", "duration": 62, "width": 1920, "height": 1080,
            "thumbnail_url": "https://i.vimeocdn.com/video/452001751-640", "html": "<iframe></iframe>",
        });
        match says.load(SeqCst) {
            0 => Err(OutError::Connect("connection refused".into())),
            status => Ok(OutReply { status, headers: Default::default(), body: body.to_string().into() }),
        }
    });
    status
}

async fn clip(house: &TestApp, url: &str) -> u64 {
    make(&house.acme, json!({ "title": "Ours", "media_type": "video", "url": url })).await
}

fn asked(house: &TestApp) -> usize {
    house.network.sent_to("/api/oembed.json").len()
}

/// Nothing is owed or set aside.
async fn at_rest(house: &TestApp) {
    house.advance(Duration::from_secs(7200));
    assert_eq!(house.sweep().await.due, 0);
    assert_eq!(house.depth(QueueName::Background).await.dead, 0);
}

#[tokio::test]
async fn what_is_empty_is_filled() {
    let house = TestApp::new().await;
    vimeo(&house);
    let id = clip(&house, VIMEO).await;
    assert_eq!(shown(&house.acme, id).await["duration"], Value::Null);
    house.drain().await;
    assert_holds(
        &shown(&house.acme, id).await,
        &json!({
            "title": "Ours", "duration": "1:02", "width": 1920, "height": 1080, "source": "Vimeo",
            "thumbnail_url": "https://i.vimeocdn.com/video/452001751-640",
            "embed_url": "https://player.vimeo.com/video/76979871",
        }),
    );
    let sent = house.network.sent_to("/api/oembed.json");
    assert_eq!(sent.len(), 1);
    assert!(sent[0].url.query_pairs().any(|(name, value)| name == "url" && value == VIMEO));
    at_rest(&house).await;
}

#[tokio::test]
async fn what_the_caller_said_stays() {
    let house = TestApp::new().await;
    vimeo(&house);
    let own =
        json!({ "duration": "one minute", "width": 640, "thumbnail_url": "https://cdn.example.com/t.jpg" });
    let mut body = json!({ "title": "x", "media_type": "video", "url": VIMEO });
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    let id = make(&house.acme, body).await;
    house.drain().await;
    let now = shown(&house.acme, id).await;
    assert_holds(&now, &own);
    assert_eq!(now["height"], 1080);
}

#[tokio::test]
async fn nobody_is_asked_where_nothing_is_missing_or_nobody_could_know() {
    let house = TestApp::new().await;
    vimeo(&house);
    let full = json!({
        "title": "x", "media_type": "video", "url": VIMEO, "duration": "1:02", "width": 1, "height": 1,
        "thumbnail_url": "https://cdn.example.com/t.jpg",
    });
    make(&house.acme, full).await;
    for url in
        ["https://cdn.example.com/a.mp4", "https://vimeo.com.evil.com/76979871", "https://vimeo.com/somebody"]
    {
        clip(&house, url).await;
    }
    assert_eq!(house.drain().await, 0);
    at_rest(&house).await;
}

#[tokio::test]
async fn youtube_is_asked_by_its_own_address() {
    let house = TestApp::new().await;
    house.network.host("https://www.youtube.com", |request| {
        assert_eq!(request.url.path(), "/oembed");
        let body = json!({ "width": 1920, "height": 1080, "thumbnail_url": "https://i.ytimg.com/vi/x/hqdefault.jpg" });
        Ok(OutReply { status: 200, headers: Default::default(), body: body.to_string().into() })
    });
    let id = clip(&house, "https://youtu.be/dQw4w9WgXcQ?t=43").await;
    house.drain().await;
    let sent = house.network.sent_to("/oembed");
    assert!(sent[0].url.query_pairs().any(|(name, value)| name == "url" && value == YOUTUBE));
    assert_holds(
        &shown(&house.acme, id).await,
        &json!({
            "width": 1920, "height": 1080, "duration": null,
            "thumbnail_url": "https://img.youtube.com/vi/dQw4w9WgXcQ/hqdefault.jpg",
        }),
    );
    at_rest(&house).await;
}

#[tokio::test]
async fn a_refusal_is_final() {
    for status in [400, 401, 403, 404, 302] {
        let house = TestApp::new().await;
        vimeo(&house).store(status, SeqCst);
        let id = clip(&house, VIMEO).await;
        house.live(Duration::from_secs(3)).await;
        assert_eq!(asked(&house), 1, "{status}");
        assert_eq!(shown(&house.acme, id).await["duration"], Value::Null);
        at_rest(&house).await;
    }
}

#[tokio::test]
async fn trouble_passes_or_is_given_up() {
    for status in [0, 429, 500, 503] {
        let house = TestApp::new().await;
        let says = vimeo(&house);
        says.store(status, SeqCst);
        let id = clip(&house, VIMEO).await;
        house.live(Duration::from_secs(5)).await;
        says.store(200, SeqCst);
        house.live(Duration::from_secs(30)).await;
        assert_eq!(shown(&house.acme, id).await["duration"], "1:02", "{status}");
        at_rest(&house).await;
    }
    let house = TestApp::new().await;
    vimeo(&house).store(500, SeqCst);
    clip(&house, VIMEO).await;
    for _ in 0..20 {
        house.drain().await;
        house.advance(Duration::from_secs(3601));
        house.sweep().await;
    }
    assert_eq!(asked(&house), 10);
    at_rest(&house).await;
}

#[tokio::test]
async fn what_changes_while_the_provider_is_asked_stays_changed() {
    let house = TestApp::new().await;
    vimeo(&house);
    let id = clip(&house, VIMEO).await;
    let (acme, path) = (house.acme.clone(), format!("/api/media/{id}"));
    house.faults.meanwhile("/api/oembed.json", async move {
        let answer = acme.patch(&path, json!({ "title": "Renamed", "duration": "ours" })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    });
    house.drain().await;
    assert_holds(
        &shown(&house.acme, id).await,
        &json!({ "title": "Renamed", "duration": "ours", "width": 1920 }),
    );
}

#[tokio::test]
async fn an_answer_about_an_address_that_was_replaced_is_dropped() {
    let house = TestApp::new().await;
    vimeo(&house);
    let id = clip(&house, VIMEO).await;
    let (acme, path) = (house.acme.clone(), format!("/api/media/{id}"));
    house.faults.meanwhile("/api/oembed.json", async move {
        acme.patch(&path, json!({ "url": "https://cdn.example.com/a.mp4" })).await;
    });
    house.drain().await;
    assert_holds(
        &shown(&house.acme, id).await,
        &json!({ "width": null, "duration": null, "thumbnail_url": null }),
    );
    at_rest(&house).await;
}

#[tokio::test]
async fn another_address_is_asked_about_anew() {
    let house = TestApp::new().await;
    vimeo(&house);
    let id = clip(&house, "https://cdn.example.com/a.mp4").await;
    house.acme.patch(&format!("/api/media/{id}"), json!({ "url": VIMEO })).await;
    house.drain().await;
    assert_eq!((asked(&house), &shown(&house.acme, id).await["duration"]), (1, &json!("1:02")));
    house.acme.patch(&format!("/api/media/{id}"), json!({ "title": "x", "url": VIMEO })).await;
    assert_eq!(house.drain().await, 0, "the same address is not asked about again");
}

#[tokio::test]
async fn a_deleted_item_is_not_asked_about() {
    let house = TestApp::new().await;
    vimeo(&house);
    let id = clip(&house, VIMEO).await;
    house.acme.delete(&format!("/api/media/{id}")).await;
    house.drain().await;
    assert_eq!(asked(&house), 0);
    at_rest(&house).await;
}
