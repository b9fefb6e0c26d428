use serde_json::{Value, json};

use super::{make, pages, plain, titles};
use harness::{TestApp, named, refusal, samples};

const PATH: &str = "/api/media/list";

async fn four() -> TestApp {
    let house = TestApp::new().await;
    for body in [
        json!({ "title": "Hero", "media_type": "video", "collection_name": "Launch" }),
        json!({ "title": "Logo", "media_type": "image", "automation_status": "approved" }),
        json!({ "title": "Jingle", "media_type": "audio", "human_interaction": true, "collection_name": "Launch" }),
        json!({ "title": "Cut", "media_type": "video", "human_interaction": true, "automation_status": "denied" }),
    ] {
        make(&house.acme, body).await;
    }
    house
}

#[tokio::test]
async fn the_newest_comes_first_and_every_filter_must_match() {
    let house = four().await;
    let launch = house.acme.get("/api/collections").await.json["collections"][0]["id"].clone();
    let own = house.acme.key.group_id;
    for (query, expected) in [
        (String::new(), vec!["Cut", "Jingle", "Logo", "Hero"]),
        ("?media_type=video".into(), vec!["Cut", "Hero"]),
        ("?media_type=file".into(), vec![]),
        ("?automation_status=pending".into(), vec!["Jingle", "Hero"]),
        ("?automation_status=approved".into(), vec!["Logo"]),
        ("?automation_status=regenerate".into(), vec![]),
        ("?human_interaction=1".into(), vec!["Cut", "Jingle"]),
        ("?human_interaction=0".into(), vec!["Logo", "Hero"]),
        ("?human_interaction=1&automation_status=pending".into(), vec!["Jingle"]),
        ("?human_interaction=1&automation_status=denied&media_type=video".into(), vec!["Cut"]),
        (format!("?collection_id={launch}"), vec!["Jingle", "Hero"]),
        (format!("?collection_id={launch}&media_type=audio"), vec!["Jingle"]),
        (format!("?collection_id={launch}&human_interaction=0"), vec!["Hero"]),
        (format!("?collection_id={}", samples::NOWHERE), vec![]),
        (format!("?group_id={own}"), vec!["Cut", "Jingle", "Logo", "Hero"]),
        (format!("?group_id={own}&media_type=video&automation_status=denied"), vec!["Cut"]),
        (
            "?media_type=&automation_status=&human_interaction=&search=&collection_id=".into(),
            vec!["Cut", "Jingle", "Logo", "Hero"],
        ),
    ] {
        assert_eq!(titles(&house, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_group_is_a_filter_and_a_foreign_one_a_403() {
    let house = four().await;
    house.seed_group(&house.acme, 5).await;
    make(&house.acme, json!({ "title": "Elsewhere", "media_type": "file", "group_id": 5 })).await;
    assert_eq!(titles(&house, "?group_id=5").await, ["Elsewhere"]);
    assert_eq!(titles(&house, "?group_id=5&search=else").await, ["Elsewhere"]);
    assert_eq!(
        titles(&house, &format!("?group_id={}&media_type=file", house.acme.key.group_id)).await.len(),
        0
    );
    assert_eq!(titles(&house, "").await.len(), 5);
    for more in ["", "&search=hero"] {
        let foreign = house.acme.get(&format!("{PATH}?group_id={}{more}", house.rival.key.group_id)).await;
        let unknown = house.acme.get(&format!("{PATH}?group_id={}{more}", samples::NOWHERE)).await;
        assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
        assert_eq!(foreign.text, unknown.text);
    }
}

#[tokio::test]
async fn filters_that_cannot_be_used_are_named_at_once() {
    let house = four().await;
    let query = "?media_type=movie&automation_status=lost&human_interaction=maybe&group_id=x&collection_id=y&limit=many&cursor=MTo";
    let expected = [
        "automation_status",
        "collection_id",
        "cursor",
        "group_id",
        "human_interaction",
        "limit",
        "media_type",
    ];
    assert_eq!(named(&house.acme.get(&format!("{PATH}{query}")).await), expected);
    assert_eq!(named(&house.acme.get(&format!("{PATH}{query}&search=hero")).await), expected);
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let house = TestApp::new().await;
    let mut made = Vec::new();
    for n in 0..7 {
        let body = json!({
            "title": format!("clip {n}"), "media_type": "video", "human_interaction": true, "collection_name": "All",
        });
        made.push(make(&house.acme, body).await);
        plain(&house.acme, "noise", "file").await;
    }
    made.reverse();
    let collection = house.acme.get("/api/collections").await.json["collections"][0]["id"].clone();
    for filter in [
        "media_type=video".into(),
        "human_interaction=1".into(),
        "human_interaction=1&automation_status=pending".into(),
        format!("collection_id={collection}"),
        "media_type=video&automation_status=pending".into(),
    ] {
        assert_eq!(
            pages(&house.acme, &format!("limit=3&{filter}")).await,
            (made.clone(), vec![3, 3, 1]),
            "{filter}"
        );
    }
    let (all, sizes) = pages(&house.acme, "limit=5").await;
    assert_eq!((all.len(), sizes), (14, vec![5, 5, 4]));
    let (pending, _) = pages(&house.acme, "limit=5&automation_status=pending").await;
    assert_eq!(pending, all);
}

#[tokio::test]
async fn the_only_page_knows_the_total() {
    let house = four().await;
    for (query, total, more) in [("limit=4", json!(4), false), ("limit=3", Value::Null, true)] {
        let answer = house.acme.get(&format!("{PATH}?{query}")).await.json;
        assert_eq!((&answer["total"], answer["next_cursor"].is_string()), (&total, more), "{query}");
    }
}

#[tokio::test]
async fn a_limit_out_of_range_is_clamped() {
    let house = four().await;
    assert_eq!(titles(&house, "?limit=0").await, ["Cut"]);
    assert_eq!(titles(&house, "?limit=0&media_type=video").await, ["Cut"]);
    assert_eq!(titles(&house, "?limit=100000").await.len(), 4);
}

#[tokio::test]
async fn another_tenants_items_and_cursors_show_nothing() {
    let house = four().await;
    let collection = house.acme.get("/api/collections").await.json["collections"][0]["id"].clone();
    for query in [
        "limit=1".into(),
        "limit=1&media_type=video".into(),
        "limit=1&search=h".into(),
        format!("limit=1&collection_id={collection}"),
    ] {
        let page = house.acme.get(&format!("{PATH}?{query}")).await;
        let cursor =
            page.json["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        for cursor in ["", cursor.as_str()] {
            let answer = house.rival.get(&format!("{PATH}?{query}{cursor}")).await;
            assert_eq!((answer.status, &answer.json["media"]), (200, &json!([])), "{query}{cursor}");
        }
    }
}

#[tokio::test]
async fn a_combination_that_passes_much_over_still_comes_to_an_end() {
    let house = TestApp::new().await;
    let needle =
        make(&house.acme, json!({ "title": "n", "media_type": "video", "automation_status": "denied" }))
            .await;
    for _ in 0..420 {
        plain(&house.acme, "hay", "video").await;
    }
    let (found, sizes) = pages(&house.acme, "media_type=video&automation_status=denied").await;
    assert_eq!(found, [needle]);
    assert_eq!(sizes.len(), 2, "one request reads a bounded number of pages");
}
