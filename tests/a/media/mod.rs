mod cost;
mod create;
mod delete;
mod enrich;
mod files;
mod list;
mod search;
mod stats;
mod update;

use serde_json::{Value, json};

use harness::{Caller, TestApp};

pub const YOUTUBE: &str = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";
pub const VIMEO: &str = "https://vimeo.com/76979871";

/// Creates an item and returns its id.
pub async fn make(caller: &Caller, body: Value) -> u64 {
    let made = caller.post("/api/media", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

/// Creates an item of nothing but its title and type.
pub async fn plain(caller: &Caller, title: &str, media_type: &str) -> u64 {
    make(caller, json!({ "title": title, "media_type": media_type })).await
}

pub async fn shown(caller: &Caller, id: u64) -> Value {
    let answer = caller.get(&format!("/api/media/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

/// The titles of a list.
pub async fn titles(house: &TestApp, query: &str) -> Vec<String> {
    let answer = house.acme.get(&format!("/api/media/list{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let rows = answer.json["media"].as_array().unwrap();
    assert_eq!(answer.json["count"], rows.len(), "{query}");
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

/// The ids of all pages of a list, and the sizes of the pages.
pub async fn pages(caller: &Caller, query: &str) -> (Vec<u64>, Vec<usize>) {
    let (mut seen, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = caller.get(&format!("/api/media/list?{query}{cursor}")).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        let rows = answer.json["media"].as_array().unwrap();
        sizes.push(rows.len());
        seen.extend(rows.iter().map(|row| row["id"].as_u64().unwrap()));
        assert!(sizes.len() < 100, "{query} does not end");
        let Some(next) = answer.json["next_cursor"].as_str() else { return (seen, sizes) };
        cursor = format!("&cursor={next}");
    }
}
