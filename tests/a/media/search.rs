use serde_json::json;

use super::{YOUTUBE, make, pages, titles};
use harness::{TestApp, named};

async fn library() -> TestApp {
    let house = TestApp::new().await;
    for body in [
        json!({ "title": "Product Hero Video", "media_type": "video", "url": YOUTUBE, "tags": "launch, Hero" }),
        json!({ "title": "ÜBERSICHT 2026", "media_type": "file", "source": "SharePoint" }),
        json!({ "title": "Heron in flight", "media_type": "image", "tags": "bird,nature" }),
        json!({ "title": "Anti-hero", "media_type": "audio", "human_interaction": true }),
    ] {
        make(&house.acme, body).await;
    }
    house
}

#[tokio::test]
async fn title_source_and_tags_are_searched_from_the_beginning_of_their_words() {
    let house = library().await;
    for (search, mut expected) in [
        ("hero", vec!["Anti-hero", "Product Hero Video", "Heron in flight"]),
        ("HERO%20V", vec!["Product Hero Video"]),
        ("youtube", vec!["Product Hero Video"]),
        ("launch", vec!["Product Hero Video"]),
        ("%C3%BCbers", vec!["ÜBERSICHT 2026"]),
        ("share", vec!["ÜBERSICHT 2026"]),
        ("nature", vec!["Heron in flight"]),
        ("(flight", vec!["Heron in flight"]),
        ("ero", vec![]),
        ("2026", vec!["ÜBERSICHT 2026"]),
        ("...", vec![]),
        ("%25", vec![]),
    ] {
        let mut found = titles(&house, &format!("?search={search}")).await;
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{search}");
    }
}

#[tokio::test]
async fn a_search_is_narrowed_by_every_filter() {
    let house = library().await;
    for (query, expected) in [
        ("?search=hero&media_type=image", vec!["Heron in flight"]),
        ("?search=hero&human_interaction=1", vec!["Anti-hero"]),
        ("?search=hero&automation_status=approved", vec![]),
        ("?search=hero&collection_id=4242", vec![]),
    ] {
        assert_eq!(titles(&house, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn an_item_that_is_found_in_several_places_shows_once() {
    let house = library().await;
    house.seed_group(&house.acme, 5).await;
    let elsewhere =
        json!({ "title": "Hero hero", "media_type": "video", "tags": "hero, heroic", "group_id": 5 });
    make(&house.acme, elsewhere).await;
    for limit in 1..5 {
        let (mut found, _) = pages(&house.acme, &format!("search=hero&limit={limit}")).await;
        found.sort_unstable();
        let distinct = found.len();
        found.dedup();
        assert_eq!((found.len(), distinct), (4, 4), "pages of {limit}");
    }
}

#[tokio::test]
async fn a_search_follows_what_changes() {
    let house = library().await;
    let rows = house.acme.get("/api/media/list?search=heron").await.json;
    let path = format!("/api/media/{}", rows["media"][0]["id"]);
    house.acme.patch(&path, json!({ "title": "Stork", "tags": "bird" })).await;
    assert_eq!(titles(&house, "?search=heron").await.len(), 0);
    assert_eq!(titles(&house, "?search=nature").await.len(), 0);
    assert_eq!(titles(&house, "?search=stork").await, ["Stork"]);
    house.acme.delete(&path).await;
    assert_eq!(titles(&house, "?search=bird").await.len(), 0);
}

#[tokio::test]
async fn the_cursor_of_another_list_is_refused() {
    let house = library().await;
    let next = |query: &'static str| {
        let house = &house;
        async move {
            let answer = house.acme.get(&format!("/api/media/list?limit=1{query}")).await;
            answer.json["next_cursor"].as_str().unwrap().to_owned()
        }
    };
    let (list, search) = (next("").await, next("&search=hero").await);
    for query in [
        format!("search=hero&cursor={list}"),
        format!("cursor={search}"),
        format!("search=bird&cursor={search}"),
    ] {
        let answer = house.acme.get(&format!("/api/media/list?{query}")).await;
        assert_eq!(named(&answer), ["cursor"], "{query}");
    }
}
