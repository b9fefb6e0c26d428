use serde_json::{Value, json};

use super::{PATH, listed, make, paged, person, with};
use harness::{TestApp, named, refusal, samples};

/// One lead of every combination of these.
const STATUSES: [&str; 3] = ["New", "Qualified", "Won"];
const SOURCES: [Option<&str>; 3] = [Some("Website Form"), Some("chatbot"), None];

struct Row {
    id: u64,
    status: &'static str,
    source: Option<&'static str>,
    group: u64,
}

/// Two of each combination in two groups, mixed.
async fn rows(house: &TestApp) -> Vec<Row> {
    let own = house.acme.key.group_id.get();
    let mut rows = Vec::new();
    for round in 0..2 {
        for group in [own, super::update::another_group(house, 77).await] {
            for status in STATUSES {
                for source in SOURCES {
                    let email =
                        format!("{round}{group}{status}{}@example.com", source.unwrap_or("none").len());
                    let more = json!({ "status": status, "lead_source": source, "group_id": group });
                    let id = make(house, with(person(&email), more)).await;
                    rows.push(Row { id, status, source, group });
                }
            }
        }
    }
    rows.reverse();
    rows
}

#[tokio::test]
async fn every_combination_of_status_source_and_group_lists_its_own_in_pages() {
    let house = TestApp::new().await;
    let rows = rows(&house).await;
    let own = house.acme.key.group_id.get();
    for status in [None, Some("New"), Some("won"), Some("3"), Some("Lost")] {
        for source in [None, Some("Website%20Form"), Some("CHATBOT"), Some("unknown")] {
            for group in [None, Some(own), Some(77)] {
                let wanted = rows.iter().filter(|row| {
                    let label = status.map(|status| if status == "3" { "Qualified" } else { status });
                    let named = source.map(|source| source.replace("%20", " ").to_lowercase());
                    label.is_none_or(|label| label.eq_ignore_ascii_case(row.status))
                        && named.is_none_or(|named| row.source.is_some_and(|is| is.to_lowercase() == named))
                        && group.is_none_or(|group| group == row.group)
                });
                let expected: Vec<u64> = wanted.map(|row| row.id).collect();
                let mut query = String::new();
                for (name, value) in [
                    ("status", status.map(str::to_owned)),
                    ("source", source.map(str::to_owned)),
                    ("group_id", group.map(|id| id.to_string())),
                ] {
                    if let Some(value) = value {
                        query.push_str(&format!("{name}={value}&"));
                    }
                }
                assert_eq!(listed(&house, &format!("?{query}")).await, expected, "{query}");
                assert_eq!(paged(&house, &query, 2).await, expected, "{query} in pages");
            }
        }
    }
}

#[tokio::test]
async fn a_page_that_holds_everything_knows_the_total() {
    let house = TestApp::new().await;
    for n in 0..3 {
        make(&house, person(&format!("{n}@example.com"))).await;
    }
    for query in ["", "&status=New", "&search=jane"] {
        let whole = house.acme.get(&format!("{PATH}/list?limit=4{query}")).await.json;
        assert_eq!((&whole["total"], &whole["next_cursor"]), (&json!(3), &Value::Null), "{query}");
        let exact = house.acme.get(&format!("{PATH}/list?limit=3{query}")).await.json;
        assert_eq!((&exact["total"], &exact["next_cursor"]), (&json!(3), &Value::Null), "{query}");
        let first = house.acme.get(&format!("{PATH}/list?limit=2{query}")).await.json;
        assert_eq!((&first["total"], first["next_cursor"].is_string()), (&Value::Null, true), "{query}");
    }
}

#[tokio::test]
async fn reviewers_see_what_waits_for_them() {
    let house = TestApp::new().await;
    let ask = |email: &str| with(person(email), json!({ "human_interaction": true }));
    let mut asked = Vec::new();
    for n in 0..4 {
        asked.push(make(&house, ask(&format!("asked{n}@example.com"))).await);
        make(&house, person(&format!("plain{n}@example.com"))).await;
    }
    let set = make(&house, with(person("set@example.com"), json!({ "automation_status": "approved" }))).await;
    for (verb, id) in [("approve", asked[0]), ("deny", asked[1])] {
        let decided = house
            .acme
            .post(&format!("/automation/{verb}"), json!({ "entity_id": id, "entity_type": "lead" }))
            .await;
        assert_eq!(decided.status, 200, "{decided:?}");
    }
    for (query, expected) in [
        ("human_interaction=1&automation_status=pending", vec![asked[3], asked[2]]),
        ("automation_status=approved", vec![set, asked[0]]),
        ("automation_status=approved&human_interaction=1", vec![asked[0]]),
        ("automation_status=denied", vec![asked[1]]),
        ("automation_status=regenerate", vec![]),
        ("human_interaction=1", vec![asked[3], asked[2], asked[1], asked[0]]),
        ("human_interaction=1&status=Won", vec![]),
        ("human_interaction=1&status=New&automation_status=denied", vec![asked[1]]),
    ] {
        assert_eq!(listed(&house, &format!("?{query}")).await, expected, "{query}");
        assert_eq!(paged(&house, query, 1).await, expected, "{query}");
    }
    assert_eq!(paged(&house, "human_interaction=0", 2).await.len(), 5);
    assert_eq!(paged(&house, "automation_status=pending", 2).await.len(), 6);
    assert_eq!(paged(&house, "automation_status=pending&human_interaction=0&status=New", 2).await.len(), 4);
}

#[tokio::test]
async fn an_address_is_found_whole_and_in_any_case() {
    let house = TestApp::new().await;
    let long = format!("{}+sales@example.com", "averylongname".repeat(4));
    let ids = [
        make(&house, person("jane@example.co")).await,
        make(&house, person("jane@example.com")).await,
        make(&house, person(&long)).await,
        make(&house, person(&long.replace("sales", "support"))).await,
    ];
    for (email, expected) in [
        ("jane@example.co", vec![ids[0]]),
        ("JANE%40example.com", vec![ids[1]]),
        ("nobody@example.com", vec![]),
    ] {
        assert_eq!(listed(&house, &format!("?email={email}&limit=1")).await, expected, "{email}");
    }
    let encoded = long.replace('+', "%2B");
    assert_eq!(listed(&house, &format!("?email={encoded}&limit=1")).await, [ids[2]]);
    assert_eq!(listed(&house, &format!("?email={encoded}&status=Won")).await, [] as [u64; 0]);
    let rivals = house.rival.get(&format!("{PATH}/list?email=jane@example.com")).await;
    assert_eq!(rivals.json["count"], 0);
}

#[tokio::test]
async fn filters_that_cannot_be_used_are_named_at_once() {
    let house = TestApp::new().await;
    let query =
        "?status=lost+it&automation_status=no&human_interaction=maybe&group_id=x&limit=many&cursor=MTo";
    let answer = house.acme.get(&format!("{PATH}/list{query}")).await;
    let expected = ["automation_status", "cursor", "group_id", "human_interaction", "limit", "status"];
    assert_eq!(named(&answer), expected);
    for group in [house.rival.key.group_id.get(), samples::NOWHERE] {
        let foreign = house.acme.get(&format!("{PATH}/list?group_id={group}")).await;
        assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
    }
}

#[tokio::test]
async fn another_tenants_leads_and_cursors_show_nothing() {
    let house = TestApp::new().await;
    for n in 0..3 {
        make(&house, person(&format!("{n}@example.com"))).await;
    }
    for query in ["", "&status=New", "&search=jane"] {
        let page = house.acme.get(&format!("{PATH}/list?limit=1{query}")).await;
        let cursor = page.json["next_cursor"].as_str().unwrap();
        for cursor in [String::new(), format!("&cursor={cursor}")] {
            let answer = house.rival.get(&format!("{PATH}/list?limit=1{query}{cursor}")).await;
            assert_eq!((answer.status, &answer.json["leads"]), (200, &json!([])), "{query}{cursor}");
        }
    }
}
