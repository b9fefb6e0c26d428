//! Files of media items: what is taken in, what is given out, and what becomes of the rest.

use std::time::Duration;

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use shared::{blobs::BlobKey, config::Settings, domain::file::blob_name, ids::FileId};
use standins::dump;

use super::{make, shown};
use harness::{Answer, BATON, TestApp, forms::form, named, refusal, settings};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const UPLOADS: &str = "/api/media/uploads";
const MINUTE: Duration = Duration::from_secs(60);

const LOGO: [(&str, &str); 2] = [("title", "Logo"), ("media_type", "image")];

fn path_of(url: &Value) -> String {
    url.as_str().unwrap().strip_prefix(BATON).unwrap().to_owned()
}

async fn stored(house: &TestApp) -> i64 {
    let items = dump::items(&house.file).await.unwrap();
    let counter = items.iter().find(|item| item.pk.ends_with("#files-stored"));
    counter.map_or(0, |item| serde_json::from_str::<Value>(&item.body).unwrap()["bytes"].as_i64().unwrap())
}

/// Lets what is owed be done.
async fn settle(house: &TestApp, span: Duration) {
    house.advance(span);
    for _ in 0..2 {
        house.sweep().await;
        house.drain().await;
        house.advance(2 * MINUTE);
    }
}

async fn bodies_deleted(house: &TestApp) -> usize {
    house.faults.calls().iter().filter(|call| call.starts_with("blobs.delete")).count()
}

async fn upload(house: &TestApp, name: &str, body: &[u8]) -> Answer {
    let made = house.acme.post(UPLOADS, json!({ "file_name": name, "bytes": body.len() })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let put = house.acme.send(Method::PUT, &path_of(&made.json["url"]), Body::from(body.to_vec()), &[]).await;
    assert_eq!(put.status, 200, "{put:?}");
    made
}

#[tokio::test]
async fn a_binary_of_n8n_becomes_a_media_item_that_gives_it_back() {
    let house = TestApp::new().await;
    let made = form(&house.acme, "/api/media", &LOGO, PNG, &[]).await;
    assert_eq!(made.status, 201, "{made:?}");
    let item = shown(&house.acme, made.id()).await;
    assert_eq!(
        item["file"],
        json!({ "name": "logo.png", "content_type": "image/png", "bytes": PNG.len(), "download_until": "2025-01-21T10:45:00Z" })
    );
    let path = path_of(&item["download_url"]);
    let got = house.rival.send(Method::GET, &path, Body::empty(), &[]).await;
    assert_eq!((got.status, got.text.as_bytes()), (200, String::from_utf8_lossy(PNG).as_bytes()));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-disposition", "attachment; filename=\"logo.png\"; filename*=UTF-8''logo.png"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(got.header(name), Some(value));
    }
    let listed = house.acme.get("/api/media/list").await.json["media"][0].clone();
    assert_eq!(
        house.acme.send(Method::GET, &path_of(&listed["download_url"]), Body::empty(), &[]).await.status,
        200
    );
    assert!(!house.rival.get("/api/media/list").await.text.contains("logo.png"));
    assert_eq!(stored(&house).await, i64::try_from(PNG.len()).unwrap());
}

#[tokio::test]
async fn an_address_works_for_a_while_for_one_thing_and_not_when_it_was_changed() {
    let house = TestApp::new().await;
    let made = form(&house.acme, "/automation/media/create", &LOGO, PNG, &[]).await;
    assert_eq!((made.status, &made.json["automation_status"]), (201, &json!("pending")));
    let path = path_of(&shown(&house.acme, made.id()).await["download_url"]);
    let get = async |path: &str| house.acme.send(Method::GET, path, Body::empty(), &[]).await;
    let put = house.acme.send(Method::PUT, &path, Body::from(PNG), &[]).await;
    assert_eq!((put.status, refusal(&put, "/files/x").as_str()), (404, "not_found"));
    let (token, signature) = path.rsplit_once('.').unwrap();
    let other = house.rival.key.tenant.0.to_string();
    let foreign = path.replacen(&house.acme.key.tenant.0.to_string(), &other, 1);
    for forged in [format!("{token}.AAAA"), format!("{token}."), format!("/files/1.eA.{signature}"), foreign]
    {
        assert_eq!(get(&forged).await.status, 404, "{forged}");
    }
    let items = dump::items(&house.file).await.unwrap();
    assert_eq!(
        items.iter().filter(|item| item.pk.ends_with("#file-signing")).count(),
        1,
        "asking makes nothing"
    );
    house.advance(14 * MINUTE);
    assert_eq!(get(&path).await.status, 200);
    house.advance(2 * MINUTE);
    assert_eq!(get(&path).await.status, 404);
}

#[tokio::test]
async fn a_file_is_what_its_first_bytes_say() {
    let house = TestApp::new().await;
    for (media_type, bytes) in
        [("image", b"<html></html>".as_slice()), ("video", PNG), ("file", b"\x7fELF\x02\x01\x01\0")]
    {
        let mut elf = bytes.to_vec();
        elf.resize(64, 0);
        let bytes = if bytes.starts_with(b"\x7fELF") { &elf[..] } else { bytes };
        let answer =
            form(&house.acme, "/api/media", &[("title", "x"), ("media_type", media_type)], bytes, &[]).await;
        assert_eq!(named(&answer), ["data"], "{media_type}: {answer:?}");
    }
    assert_eq!(stored(&house).await, 0);
    let page = [("title", "x"), ("media_type", "file")];
    let made = form(&house.acme, "/api/media", &page, b"<script>alert(1)</script>", &[]).await;
    assert_eq!(made.status, 201, "{made:?}");
    let broken =
        house.acme.text(Method::POST, "/api/media", "multipart/form-data; boundary=x", "no form").await;
    assert_eq!((broken.status, refusal(&broken, "/api/media").as_str()), (400, "malformed_form"));
}

#[tokio::test]
async fn a_large_file_goes_to_an_address_of_its_own() {
    let house = TestApp::new().await;
    let made = house.acme.post(UPLOADS, json!({ "file_name": "../logo.png", "bytes": PNG.len() })).await;
    let (id, path) = (made.json["upload_id"].clone(), path_of(&made.json["url"]));
    let body = json!({ "title": "Logo", "media_type": "image", "upload_id": id });
    assert_eq!(
        named(&house.acme.post("/api/media", body.clone()).await),
        ["upload_id"],
        "nothing is there yet"
    );
    let put = async |bytes: &[u8]| house.acme.send(Method::PUT, &path, Body::from(bytes.to_vec()), &[]).await;
    let short = put(&PNG[1..]).await;
    assert_eq!((short.status, refusal(&short, "/files/x").as_str()), (400, "other_size"));
    assert_eq!(put(PNG).await.status, 200);
    let theirs = house.rival.post("/api/media", body.clone()).await;
    assert_eq!((theirs.status, refusal(&theirs, "/api/media").as_str()), (404, "not_found"));
    let item = make(&house.acme, body.clone()).await;
    let shown = shown(&house.acme, item).await;
    assert_eq!(
        (&shown["file"]["name"], &shown["file"]["content_type"]),
        (&json!("logo.png"), &json!("image/png"))
    );
    assert_eq!(
        house.acme.send(Method::GET, &path_of(&shown["download_url"]), Body::empty(), &[]).await.status,
        200
    );
    assert_eq!(house.acme.post("/api/media", body).await.status, 404, "it is another item's");
    assert_eq!(put(PNG).await.status, 404, "nobody changes it any more");
}

#[tokio::test]
async fn the_longest_name_has_an_address_too() {
    let house = TestApp::new().await;
    let name = "\u{1F4C4}".repeat(255);
    let made = upload(&house, &name, b"text").await;
    let body = json!({ "title": "x", "media_type": "file", "upload_id": made.json["upload_id"] });
    let item = make(&house.acme, body).await;
    let shown = shown(&house.acme, item).await;
    assert_eq!(shown["file"]["name"], name);
    let got = house.acme.send(Method::GET, &path_of(&shown["download_url"]), Body::empty(), &[]).await;
    assert_eq!((got.status, got.text.as_str()), (200, "text"));
}

#[tokio::test]
async fn files_have_limits() {
    let house = TestApp::with(Settings { max_file_bytes: 60, max_files_bytes: 100, ..settings() }).await;
    let large = house.acme.post(UPLOADS, json!({ "file_name": "a", "bytes": 61 })).await;
    assert_eq!((large.status, refusal(&large, UPLOADS).as_str()), (413, "file_too_large"));
    let first = house.acme.post(UPLOADS, json!({ "file_name": "a", "bytes": 60 })).await;
    assert_eq!(first.status, 201);
    let second = house.acme.post(UPLOADS, json!({ "file_name": "a", "bytes": 41 })).await;
    assert_eq!((second.status, refusal(&second, UPLOADS).as_str()), (413, "no_room_for_files"));
    let sent =
        form(&house.acme, "/api/media", &[("title", "x"), ("media_type", "file")], &[b'x'; 41], &[]).await;
    assert_eq!((sent.status, refusal(&sent, "/api/media").as_str()), (413, "no_room_for_files"));
    assert_eq!(house.rival.post(UPLOADS, json!({ "file_name": "a", "bytes": 60 })).await.status, 201);
    settle(&house, 61 * MINUTE).await;
    assert_eq!(stored(&house).await, 0, "nobody took it");
}

#[tokio::test]
async fn what_nobody_takes_is_dropped_and_what_is_taken_stays() {
    let house = TestApp::new().await;
    let (left, taken) = (upload(&house, "left", b"left").await, upload(&house, "taken", b"taken").await);
    let body =
        |made: &Answer| json!({ "title": "x", "media_type": "file", "upload_id": made.json["upload_id"] });
    let item = make(&house.acme, body(&taken)).await;
    settle(&house, 61 * MINUTE).await;
    assert_eq!((bodies_deleted(&house).await, stored(&house).await), (1, 5));
    let shown = shown(&house.acme, item).await;
    assert_eq!(
        house.acme.send(Method::GET, &path_of(&shown["download_url"]), Body::empty(), &[]).await.text,
        "taken"
    );
    let late = house.acme.post("/api/media", body(&left)).await;
    assert_eq!((late.status, refusal(&late, "/api/media").as_str()), (404, "not_found"));
}

#[tokio::test]
async fn a_file_goes_with_its_item() {
    let mut house = TestApp::new().await;
    let made = form(&house.acme, "/api/media", &LOGO, PNG, &[]).await;
    let path = path_of(&shown(&house.acme, made.id()).await["download_url"]);
    assert_eq!(house.acme.delete(&format!("/api/media/{}", made.id())).await.status, 200);
    dump::lose_messages(&house.file).await.unwrap();
    house.restart();
    assert_eq!(stored(&house).await, 0);
    settle(&house, 2 * MINUTE).await;
    assert_eq!(house.acme.send(Method::GET, &path, Body::empty(), &[]).await.status, 404);
    let left = dump::items(&house.file).await.unwrap();
    assert!(left.iter().all(|item| item.due_at.is_none() || item.body.contains("drop_upload")), "{left:?}");
}

#[tokio::test]
async fn what_is_uploaded_to_the_store_again_goes_with_the_item_too() {
    let house = TestApp::new().await;
    let made = upload(&house, "a.txt", b"text").await;
    let id = FileId::from_u64(made.json["upload_id"].as_u64().unwrap()).unwrap();
    let item =
        make(&house.acme, json!({ "title": "x", "media_type": "file", "upload_id": made.json["upload_id"] }))
            .await;
    assert_eq!(house.acme.delete(&format!("/api/media/{item}")).await.status, 200);
    settle(&house, 2 * MINUTE).await;
    // The store's own address asks nobody whether the upload is still wanted.
    let (blobs, key) = (&house.app.blobs, BlobKey::of(house.acme.key.tenant, &blob_name(id)));
    assert_eq!(blobs.stat(&key).await.unwrap(), None);
    blobs.put(&key, "text/plain", "text".into()).await.unwrap();
    settle(&house, 30 * MINUTE).await;
    assert_eq!(blobs.stat(&key).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_of_many_parts_comes_back_whole() {
    let house = TestApp::new().await;
    let body: Vec<u8> = (0..900_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let made = house.acme.post(UPLOADS, json!({ "file_name": "a.bin", "bytes": body.len() })).await;
    let path = path_of(&made.json["url"]);
    let put = async |pieces: Vec<Vec<u8>>| {
        let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
        let body = Body::from_stream(futures::stream::iter(pieces));
        house.acme.send(Method::PUT, &path, body, &[]).await
    };
    let pieces: Vec<_> = body.chunks(70_000).map(<[u8]>::to_vec).collect();
    for (wrong, says) in [
        (pieces[1..].to_vec(), "The body has 830000 bytes, and 900000 were announced."),
        (
            [pieces.clone(), vec![vec![0]]].concat(),
            "The body has more than the 900000 bytes that were announced.",
        ),
    ] {
        let answer = put(wrong).await;
        assert_eq!((answer.status, answer.text.contains(says)), (400, true), "{answer:?}");
    }
    let body_of = json!({ "title": "x", "media_type": "file", "upload_id": made.json["upload_id"] });
    assert_eq!(
        named(&house.acme.post("/api/media", body_of.clone()).await),
        ["upload_id"],
        "nothing was kept"
    );
    assert_eq!(put(pieces).await.status, 200);
    let item = make(&house.acme, body_of).await;
    let path = path_of(&shown(&house.acme, item).await["download_url"]);
    let got = house.acme.send(Method::GET, &path, Body::empty(), &[]).await;
    assert_eq!((got.status, got.header("content-length")), (200, Some("900000")));
    assert_eq!(got.text, String::from_utf8_lossy(&body));
}

#[tokio::test]
async fn a_form_that_is_sent_again_under_its_key_is_answered_again() {
    let house = TestApp::new().await;
    let send = async |boundary: &str| {
        form(&house.acme, "/api/media", &LOGO, PNG, &[("boundary", boundary), ("idempotency-key", "once")])
            .await
    };
    let first = send("----first").await;
    let again = send("----again").await;
    assert_eq!((first.status, again.status, first.id()), (201, 201, again.id()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(house.acme.get("/api/media/list").await.json["count"], 1);
}
