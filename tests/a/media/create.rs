use serde_json::{Value, json};

use super::{VIMEO, YOUTUBE, make, plain, shown};
use harness::{N8N, TestApp, assert_holds, named, refusal, samples};

const PATH: &str = "/api/media";

#[tokio::test]
async fn the_sample_is_answered_as_documented() {
    let house = samples::scene().await;
    let answer = house.acme.post(PATH, samples::media::media()).await;
    assert_eq!(answer.status, 201);
    assert_holds(
        &answer.json,
        &json!({
            "success": true, "media_type": "video", "automation_status": "pending", "installation_id": 45,
            "workflow_id": "abc123", "message": "Media item created successfully.", "collection_id": null,
        }),
    );
}

#[tokio::test]
async fn title_and_type_are_enough() {
    let house = TestApp::new().await;
    let id = plain(&house.acme, "  Report ", "file").await;
    let shown = shown(&house.acme, id).await;
    assert_eq!((&shown["title"], &shown["media_type"]), (&json!("Report"), &json!("file")));
    assert_eq!(
        (&shown["automation_status"], &shown["human_interaction"]),
        (&json!("pending"), &json!(false))
    );
    for field in [
        "url",
        "thumbnail_url",
        "embed_url",
        "download_url",
        "source",
        "provider",
        "duration",
        "file_size",
        "width",
        "height",
        "description",
        "tags",
        "status",
        "collection_id",
        "collection_name",
        "installation_id",
    ] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    assert_eq!((&shown["created"], &shown["changed"]), (&json!(1_737_455_400), &json!(1_737_455_400)));
}

#[tokio::test]
async fn every_field_is_kept_as_it_was_sent() {
    let house = TestApp::new().await;
    let body = json!({
        "title": "T", "media_type": "image", "url": "https://cdn.example.com/a b.png?x=%7E",
        "thumbnail_url": "https://cdn.example.com/t.png", "embed_url": "https://cdn.example.com/e",
        "download_url": "https://cdn.example.com/d", "source": "CDN", "duration": "0:01", "file_size": "12 MB",
        "width": 1920, "height": 1080, "description": "D", "tags": "a, b,c", "status": "active",
    });
    let shown = shown(&house.acme, make(&house.acme, body.clone()).await).await;
    assert_holds(&shown, &body);
    assert_eq!(shown["provider"], Value::Null);
}

#[tokio::test]
async fn what_the_address_tells_is_filled_in() {
    let house = TestApp::new().await;
    for (url, expected) in [
        (
            YOUTUBE,
            json!({
                "thumbnail_url": "https://img.youtube.com/vi/dQw4w9WgXcQ/hqdefault.jpg", "source": "YouTube",
                "embed_url": "https://www.youtube.com/embed/dQw4w9WgXcQ", "download_url": YOUTUBE, "provider": "youtube",
            }),
        ),
        (
            VIMEO,
            json!({
                "thumbnail_url": null, "source": "Vimeo", "embed_url": "https://player.vimeo.com/video/76979871",
                "download_url": VIMEO, "provider": "vimeo",
            }),
        ),
        (
            "https://evil-youtube.com/watch?v=dQw4w9WgXcQ",
            json!({
                "thumbnail_url": null, "source": null, "embed_url": null, "provider": null,
            }),
        ),
    ] {
        let id = make(&house.acme, json!({ "title": "x", "media_type": "video", "url": url })).await;
        assert_holds(&shown(&house.acme, id).await, &expected);
    }
}

#[tokio::test]
async fn what_the_caller_says_goes_first() {
    let house = TestApp::new().await;
    let own = json!({
        "thumbnail_url": "https://cdn.example.com/t.jpg", "embed_url": "https://cdn.example.com/e", "source": "Ours",
        "download_url": "https://cdn.example.com/d.mp4",
    });
    let mut body = json!({ "title": "x", "media_type": "video", "url": YOUTUBE });
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    assert_holds(&shown(&house.acme, make(&house.acme, body).await).await, &own);
}

#[tokio::test]
async fn the_vendor_nodes_names_are_understood() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let body = json!({
        "title": "Clip", "media_type": "video", "source_url": YOUTUBE, "workflow_id": "abc123", "execution_id": "551",
        "collection": "Clips", "status": "active", "automation_status": "pending", "human_interaction": true,
        "allow_regenerate": false, "resume_url": format!("{N8N}/webhook-waiting/551?signature=s3cret"),
    });
    let made = house.acme.post(PATH, body).await;
    assert_eq!((made.status, &made.json["installation_id"]), (201, &json!(45)), "{made:?}");
    let shown = house.acme.get(&format!("{PATH}/{}", made.id())).await;
    assert_holds(
        &shown.json,
        &json!({ "url": YOUTUBE, "collection_name": "Clips", "status": "active", "execution_id": "551" }),
    );
    assert_eq!(shown.json["collection_id"], made.json["collection_id"]);
    assert!(!shown.text.contains("s3cret"), "{shown:?}");
    let sparse = json!({
        "title": "Clip", "media_type": "file", "source_url": "", "collection": "", "status": "", "resume_url": "",
        "width": "", "automation_status": "", "human_interaction": "false", "collection_id": null,
    });
    assert_eq!(house.acme.post(PATH, sparse).await.status, 201);
}

#[tokio::test]
async fn a_documented_name_goes_before_its_alias() {
    let house = TestApp::new().await;
    let body = json!({
        "title": "x", "media_type": "video", "url": VIMEO, "source_url": YOUTUBE, "collection_name": "A",
        "collection": "B",
    });
    let shown = shown(&house.acme, make(&house.acme, body).await).await;
    assert_eq!((&shown["url"], &shown["collection_name"]), (&json!(VIMEO), &json!("A")));
}

#[tokio::test]
async fn the_automation_route_sets_what_a_review_needs() {
    let house = TestApp::new().await;
    let body = json!({
        "title": "x", "media_type": "image", "human_interaction": false, "automation_status": "approved",
    });
    let made = house.acme.post("/automation/media/create", body.clone()).await;
    assert_eq!((made.status, &made.json["automation_status"]), (201, &json!("pending")));
    assert_eq!(shown(&house.acme, made.id()).await["human_interaction"], true);
    let plain = house.acme.post(PATH, body).await;
    assert_eq!(plain.json["automation_status"], "approved");
}

#[tokio::test]
async fn every_mistake_is_named_at_once() {
    let house = TestApp::new().await;
    let body = json!({
        "media_type": "movie", "url": "//cdn.example.com/a", "width": 1.5, "tags": "t".repeat(6001),
        "description": "d".repeat(10_001), "collection_name": "c".repeat(256), "installation_id": "x",
    });
    let answer = house.acme.post(PATH, body).await;
    let expected =
        ["collection_name", "description", "installation_id", "media_type", "tags", "title", "url", "width"];
    assert_eq!(named(&answer), expected);
}

#[tokio::test]
async fn another_tenants_group_is_a_403_like_one_that_nobody_has() {
    let house = TestApp::new().await;
    for path in [PATH, "/automation/media/create"] {
        let ask = |group: Value| {
            house.acme.post(path, json!({ "title": "x", "media_type": "file", "group_id": group }))
        };
        let foreign = ask(json!(house.rival.key.group_id)).await;
        let unknown = ask(json!(samples::NOWHERE)).await;
        assert_eq!((foreign.status, refusal(&foreign, path).as_str()), (403, "no_such_group"));
        assert_eq!(foreign.text, unknown.text);
        assert_eq!(ask(json!(house.acme.key.group_id.to_string())).await.status, 201);
    }
}

#[tokio::test]
async fn a_title_of_many_words_fits_into_its_transaction() {
    let house = TestApp::new().await;
    let words = |word: &str, count: usize| vec![word; count].join(" ");
    let id = make(
        &house.acme,
        json!({
            "title": (0..100).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" "), "media_type": "video",
            "url": YOUTUBE, "tags": (0..150).map(|n| format!("t{n}")).collect::<Vec<_>>().join(","),
            "human_interaction": true, "collection_name": "A",
        }),
    )
    .await;
    let other = json!({
        "title": (0..100).map(|n| format!("x{n}")).collect::<Vec<_>>().join("-"), "media_type": "audio", "url": VIMEO,
        "tags": (0..150).map(|n| format!("y{n}")).collect::<Vec<_>>().join(","), "source": words("s", 20),
        "automation_status": "denied", "collection_name": "B",
    });
    let answer = house.acme.patch(&format!("{PATH}/{id}"), other).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn tags_may_be_a_list() {
    let house = TestApp::new().await;
    for (sent, kept) in [
        (json!(["launch", " hero ", "", null, 2026]), json!("launch, hero, 2026")),
        (json!("[\"launch\", \"hero\"]"), json!("launch, hero")),
        (json!("launch,hero"), json!("launch,hero")),
        (json!("[draft] launch"), json!("[draft] launch")),
        (json!([]), json!(null)),
        (json!(7), json!("7")),
    ] {
        let id = make(&house.acme, json!({ "title": "x", "media_type": "file", "tags": sent })).await;
        assert_eq!(shown(&house.acme, id).await["tags"], kept, "{sent}");
        let answer = house.acme.patch(&format!("{PATH}/{id}"), json!({ "tags": ["second", "cut"] })).await;
        assert_eq!((answer.status, &shown(&house.acme, id).await["tags"]), (200, &json!("second, cut")));
    }
    assert_eq!(super::titles(&house, "?search=cut").await.len(), 6);
    for wrong in
        [json!([["nested"]]), json!({ "a": 1 }), json!(vec!["t"; 51]), json!(["t".repeat(101)]), json!(true)]
    {
        let body = json!({ "title": "x", "media_type": "file", "tags": wrong });
        assert_eq!(named(&house.acme.post(PATH, body).await), ["tags"], "{wrong}");
    }
}

#[tokio::test]
async fn a_presigned_address_is_kept_to_the_letter() {
    let house = TestApp::new().await;
    let url = format!(
        "https://media-bucket.s3.eu-central-1.amazonaws.com/a.mp4?X-Amz-Security-Token={}",
        "T".repeat(8000)
    );
    let id = make(&house.acme, json!({ "title": "x", "media_type": "video", "url": url })).await;
    assert_eq!(shown(&house.acme, id).await["url"], url);
    let body = json!({ "title": "x", "media_type": "video", "url": format!("{url}{url}") });
    assert_eq!(named(&house.acme.post(PATH, body).await), ["url"]);
    let no_scheme =
        house.acme.post(PATH, json!({ "title": "x", "media_type": "video", "url": "youtu.be/x" })).await;
    assert!(!no_scheme.text.contains("n8n"), "{no_scheme:?}");
}
