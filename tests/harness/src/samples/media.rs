//! The samples of media items and collections.

use serde_json::{Value, json};
use shared::{
    domain::{
        collection::Collection,
        file::{UPLOADED_WITHIN, Upload},
        media::MediaItem,
    },
    files::{Link, Purpose, sign},
    ids::{CollectionId, FileId},
    repo::files::Signing,
    store::{Key, Write, encode},
};

use super::{Sample, read, with, write};
use crate::{Caller, TestApp};

/// Collection 1, and media item 42 in it that waits for a decision; `base` is added to each id.
pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    seed_collection(house, caller, base + 1, "Brand Assets").await;
    let body = with(media(), "collection_id", json!(base + 1));
    let made = caller.post("/automation/media/create", with(body, "installation_id", json!(base + 45))).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.renumber::<MediaItem>(caller, made.id(), base + 42).await;
    seed_upload(house, caller, base + 92).await;
}

/// What signs the addresses of files here.
const SECRET: &str = "seeded";

/// An upload that waits for its file, which is the sample's body.
async fn seed_upload(house: &TestApp, caller: &Caller, id: u64) {
    let (id, tenant) = (FileId::from_u64(id).unwrap(), caller.key.tenant);
    let bytes = u64::try_from(file().to_string().len()).unwrap();
    let name = "report.json".into();
    let (created_at, group_id) = (house.app.now(), Some(caller.key.group_id));
    let upload = Upload { id, name, content_type: None, bytes, group_id, created_at, dropped: false, v: 1 };
    let signing = Signing { secret: SECRET.into() };
    for (partition, sort, attrs) in [
        ("upload", id.sortable(), encode(&upload).unwrap()),
        ("file-signing", "-".into(), encode(&signing).unwrap()),
    ] {
        house.app.store.write(Write::put(Key::of(tenant, partition, sort), attrs)).await.unwrap();
    }
}

fn file() -> Value {
    json!({ "rows": 12 })
}

/// The upload of a file to its address, which asks for no credential.
pub fn upload(house: &TestApp) -> Sample {
    let body = file();
    let bytes = u64::try_from(body.to_string().len()).unwrap();
    let link = Link {
        tenant: house.acme.key.tenant,
        id: FileId::from_u64(92).unwrap(),
        until: house.app.now().plus(UPLOADED_WITHIN),
        purpose: Purpose::Up { bytes },
    };
    write("put_file", &format!("/files/{}", sign(SECRET, &link)), body)
}

/// Puts a collection of a chosen id there.
pub async fn seed_collection(house: &TestApp, caller: &Caller, id: u64, title: &str) {
    let id = CollectionId::from_u64(id).unwrap();
    let description = Some("All assets for Q1 social push".to_owned());
    let new = Collection::new(id, caller.key.group_id, title.into(), description, house.app.now());
    let collections = house.app.repos(caller.key.tenant).collections();
    house.app.store.transact(collections.insert(&new).unwrap()).await.unwrap();
}

pub fn samples() -> Vec<Sample> {
    let mut all = vec![
        read("list_media", "/api/media/list"),
        read("get_media_stats", "/api/media/stats"),
        Sample { nowhere: Some("/api/media/4242"), ..read("get_media", "/api/media/42") },
        Sample { nowhere: Some("/api/media/4242"), ..read("delete_media", "/api/media/42") },
        Sample {
            nowhere: Some("/api/media/4242"),
            wrong: wrong_details(),
            ..write("update_media", "/api/media/42", json!({ "description": "Second cut", "tags": "hero" }))
        },
        Sample {
            required: &["file_name", "bytes"],
            wrong: vec![
                ("file_name", json!({})),
                ("bytes", json!("many")),
                ("bytes", json!(-1)),
                ("content_type", json!("movie")),
            ],
            ..write(
                "create_media_upload",
                "/api/media/uploads",
                json!({ "file_name": "clip.mp4", "bytes": 70_000_000, "content_type": "video/mp4" }),
            )
        },
        read("list_collections", "/api/collections"),
        Sample { nowhere: Some("/api/collections/4242"), ..read("get_collection", "/api/collections/1") },
        Sample { nowhere: Some("/api/collections/4242"), ..read("delete_collection", "/api/collections/1") },
        Sample {
            nowhere: Some("/api/collections/4242"),
            wrong: vec![("title", json!({})), ("title", json!("")), ("description", json!([]))],
            ..write("update_collection", "/api/collections/1", json!({ "description": "For Q2" }))
        },
        Sample {
            required: &["title"],
            wrong: vec![
                ("title", json!(["March"])),
                ("title", json!("t".repeat(256))),
                ("description", json!({})),
                ("group_id", json!("ours")),
            ],
            ..write("create_collection", "/api/collections", collection())
        },
    ];
    all.extend(creations());
    all
}

fn creations() -> [Sample; 2] {
    let mut wrong = wrong_details();
    wrong.extend([
        ("title", json!(["Video"])),
        ("allow_regenerate", json!(2)),
        ("installation_id", json!(-45)),
        ("group_id", json!({})),
        ("resume_url", json!("not a url")),
    ]);
    [
        Sample {
            required: &["title", "media_type"],
            wrong: wrong.clone(),
            ids: &["installation_id"],
            ..write("create_media", "/api/media", media())
        },
        Sample {
            required: &["title", "media_type"],
            wrong,
            ids: &["installation_id", "collection_id"],
            ..write(
                "create_media_for_review",
                "/automation/media/create",
                with(media(), "collection_id", json!(1)),
            )
        },
    ]
}

fn wrong_details() -> Vec<(&'static str, Value)> {
    vec![
        ("media_type", json!("movie")),
        ("media_type", json!(1)),
        ("url", json!("youtube.com/watch?v=xyz")),
        ("url", json!("javascript:alert(1)")),
        ("thumbnail_url", json!("data:image/png;base64,AAAA")),
        ("embed_url", json!("https://user:password@example.com/")),
        ("download_url", json!(7)),
        ("width", json!("wide")),
        ("height", json!(-1)),
        ("tags", json!([["product"], "launch"])),
        ("collection_id", json!("the first")),
        ("collection_name", json!({})),
        ("collection_name", json!("c".repeat(256))),
        ("human_interaction", json!("maybe")),
        ("automation_status", json!("regenerate")),
    ]
}

pub fn media() -> Value {
    json!({
        "title": "Product Hero Video", "media_type": "video", "url": "https://youtube.com/watch?v=xyz",
        "thumbnail_url": "https://img.youtube.com/vi/xyz/hqdefault.jpg",
        "description": "Main hero video for product launch", "tags": "product, launch, hero", "installation_id": 45,
        "workflow_id": "abc123", "execution_id": "exec-789", "human_interaction": true, "allow_regenerate": true,
        "automation_status": "pending",
    })
}

pub fn collection() -> Value {
    json!({ "title": "March Social Media Campaign", "description": "All assets for Q1 social push" })
}
