use serde_json::{Value, json};

use harness::{TestApp, named, refusal, samples};

const PATH: &str = "/api/payloads/list";

async fn titles(house: &TestApp, query: &str) -> Vec<String> {
    let answer = house.acme.get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let rows = answer.json["payloads"].as_array().unwrap();
    assert_eq!(answer.json["count"], rows.len(), "{query}");
    rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

async fn make(house: &TestApp, body: Value) -> u64 {
    let made = house.acme.post("/api/payloads", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

async fn three() -> TestApp {
    let house = TestApp::new().await;
    make(&house, json!({ "title": "Monthly SEO Report", "task_type": "seo-report" })).await;
    make(&house, json!({ "title": "Brief", "task_type": "content-brief", "automation_status": "approved" }))
        .await;
    make(&house, json!({ "title": "ÜBERSICHT", "human_interaction": true })).await;
    house
}

#[tokio::test]
async fn the_newest_comes_first_and_every_filter_must_match() {
    let house = three().await;
    for (query, expected) in [
        ("", vec!["ÜBERSICHT", "Brief", "Monthly SEO Report"]),
        ("?task_type=seo-report", vec!["Monthly SEO Report"]),
        ("?task_type=seo", vec![]),
        ("?automation_status=approved", vec!["Brief"]),
        ("?automation_status=pending", vec!["ÜBERSICHT", "Monthly SEO Report"]),
        ("?automation_status=regenerate", vec![]),
        ("?human_interaction=1", vec!["ÜBERSICHT"]),
        ("?human_interaction=0", vec!["Brief", "Monthly SEO Report"]),
        ("?search=seo", vec!["Monthly SEO Report"]),
        ("?search=REPORT", vec!["Monthly SEO Report"]),
        ("?search=content", vec!["Brief"]),
        ("?search=%C3%BCbers", vec!["ÜBERSICHT"]),
        ("?search=nothing", vec![]),
        ("?automation_status=pending&search=report", vec!["Monthly SEO Report"]),
        ("?automation_status=approved&search=report", vec![]),
        ("?task_type=&search=&human_interaction=", vec!["ÜBERSICHT", "Brief", "Monthly SEO Report"]),
    ] {
        assert_eq!(titles(&house, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_group_is_a_filter_and_a_foreign_one_a_403() {
    let house = three().await;
    let own = house.acme.key.group_id;
    assert_eq!(titles(&house, &format!("?group_id={own}")).await.len(), 3);
    let foreign = house.acme.get(&format!("{PATH}?group_id={}", house.rival.key.group_id)).await;
    let unknown = house.acme.get(&format!("{PATH}?group_id={}", samples::NOWHERE)).await;
    assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
    assert_eq!(foreign.text, unknown.text);
}

#[tokio::test]
async fn filters_that_cannot_be_used_are_named_at_once() {
    let house = three().await;
    let query = "?automation_status=lost&human_interaction=maybe&group_id=x&limit=many&cursor=MTo";
    let answer = house.acme.get(&format!("{PATH}{query}")).await;
    assert_eq!(named(&answer), ["automation_status", "cursor", "group_id", "human_interaction", "limit"]);
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let house = TestApp::new().await;
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(make(&house, json!({ "title": n.to_string() })).await);
    }
    made.reverse();
    for filter in ["", "&automation_status=pending", "&search=", "&human_interaction=0"] {
        let (mut seen, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
        loop {
            let answer = house.acme.get(&format!("{PATH}?limit=3{filter}{cursor}")).await.json;
            let rows = answer["payloads"].as_array().unwrap();
            sizes.push(rows.len());
            seen.extend(rows.iter().map(|row| row["id"].as_u64().unwrap()));
            assert_eq!(answer["total"], Value::Null, "a page does not know the total");
            let Some(next) = answer["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((&seen, sizes), (&made, vec![3, 3, 1]), "{filter}");
    }
}

#[tokio::test]
async fn a_full_last_page_has_no_successor() {
    let house = three().await;
    let answer = house.acme.get(&format!("{PATH}?limit=3")).await.json;
    assert_eq!(
        (&answer["count"], &answer["next_cursor"], &answer["total"]),
        (&json!(3), &Value::Null, &json!(3))
    );
}

#[tokio::test]
async fn a_limit_out_of_range_is_clamped() {
    let house = three().await;
    assert_eq!(titles(&house, "?limit=0").await, ["ÜBERSICHT"]);
    assert_eq!(titles(&house, "?limit=9007199254740992").await.len(), 3);
}

#[tokio::test]
async fn another_tenants_payloads_and_cursors_show_nothing() {
    let house = three().await;
    let page = house.acme.get(&format!("{PATH}?limit=1")).await;
    let cursor = page.json["next_cursor"].as_str().unwrap();
    for query in [String::new(), format!("?cursor={cursor}"), "?automation_status=pending".into()] {
        let answer = house.rival.get(&format!("{PATH}{query}")).await.json;
        assert_eq!((&answer["payloads"], &answer["count"]), (&json!([]), &json!(0)), "{query}");
    }
}

#[tokio::test]
async fn a_filter_that_passes_much_over_still_comes_to_an_end() {
    let house = TestApp::new().await;
    make(&house, json!({ "title": "the needle" })).await;
    for _ in 0..450 {
        make(&house, json!({ "title": "hay" })).await;
    }
    let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let answer = house.acme.get(&format!("{PATH}?search=needle{cursor}")).await.json;
        found.extend(answer["payloads"].as_array().unwrap().iter().map(|row| row["title"].clone()));
        pages += 1;
        let Some(next) = answer["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((found, pages), (vec![json!("the needle")], 2));
}
