use serde_json::json;

use super::{PATH, listed, make, paged, person, with};
use harness::{TestApp, named};

async fn named_lead(house: &TestApp, first: &str, last: &str, email: &str, company: &str) -> u64 {
    let body = json!({ "first_name": first, "last_name": last, "email": email, "company_name": company });
    make(house, body).await
}

#[tokio::test]
async fn name_address_and_company_are_found_from_the_start_of_a_word() {
    let house = TestApp::new().await;
    let ann = named_lead(&house, "Ann", "O'Neill", "ann@acme.example", "Acme Corp").await;
    let joe = named_lead(&house, "Joe", "Österreich", "joe.smith+crm@globex.test", "Globex").await;
    for (search, expected) in [
        ("ann", vec![ann]),
        ("ANN o'ne", vec![ann]),
        ("neill", vec![ann]),
        ("corp", vec![ann]),
        ("acme   CORP", vec![ann]),
        ("ann@acme", vec![ann]),
        ("acme.example", vec![ann]),
        ("@acme", vec![ann]),
        ("österr", vec![joe]),
        ("Joe Ö", vec![joe]),
        ("smith", vec![joe]),
        ("crm@glo", vec![joe]),
        ("glob", vec![joe]),
        ("lobex", vec![]),
        ("ann joe", vec![]),
        ("nobody", vec![]),
        ("...", vec![]),
    ] {
        let query: String = url_encoded(search);
        assert_eq!(listed(&house, &format!("?search={query}")).await, expected, "{search}");
    }
    let mut both = listed(&house, "?search=e").await;
    both.sort_unstable();
    assert_eq!(both, [ann], "only example begins so");
}

fn url_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn a_lead_with_many_matching_words_shows_once_on_all_pages() {
    let house = TestApp::new().await;
    let mut made = Vec::new();
    for n in 0..9 {
        made.push(named_lead(&house, "Anna", "Annabel", &format!("ann{n}@anna.test"), "Ann & Anna").await);
    }
    for limit in [1, 2, 4, 50] {
        let mut seen = paged(&house, "search=ann", limit).await;
        seen.sort_unstable();
        assert_eq!(seen, made, "pages of {limit}");
    }
}

#[tokio::test]
async fn filters_hold_for_what_a_search_finds() {
    let house = TestApp::new().await;
    let won = json!({ "status": "Won", "lead_source": "Fair" });
    let first = make(&house, with(person("a@example.com"), won)).await;
    make(&house, person("b@example.com")).await;
    let other = super::update::another_group(&house, 77).await;
    let third =
        make(&house, with(person("c@example.com"), json!({ "group_id": other, "status": "Won" }))).await;
    for (query, expected) in [
        ("search=jane&status=Won", vec![first, third]),
        ("search=jane&status=Won&source=fair", vec![first]),
        ("search=jane&group_id=77", vec![third]),
        ("search=jane&email=c@example.com", vec![third]),
        ("search=jane&human_interaction=1", vec![]),
    ] {
        let mut seen = paged(&house, query, 1).await;
        seen.sort_unstable();
        assert_eq!(seen, expected, "{query}");
    }
}

#[tokio::test]
async fn what_changes_is_found_by_its_new_words_only() {
    let house = TestApp::new().await;
    let id = named_lead(&house, "Jane", "Doe", "jane@example.com", "Acme").await;
    let changed = json!({ "last_name": "Roe", "company_name": "Globex", "email": "j.roe@example.org" });
    assert_eq!(house.acme.patch(&format!("{PATH}/{id}"), changed).await.status, 200);
    for (search, found) in
        [("doe", 0), ("acme", 0), ("jane@", 0), ("roe", 1), ("globex", 1), ("example.org", 1), ("jane", 1)]
    {
        assert_eq!(listed(&house, &format!("?search={search}")).await.len(), found, "{search}");
    }
    house.acme.delete(&format!("{PATH}/{id}")).await;
    assert_eq!(listed(&house, "?search=jane").await, [] as [u64; 0]);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_search() {
    let house = TestApp::new().await;
    for n in 0..3 {
        make(&house, person(&format!("{n}@example.com"))).await;
    }
    let page = house.acme.get(&format!("{PATH}/list?search=jane&limit=1")).await.json;
    let cursor = page["next_cursor"].as_str().unwrap();
    for query in ["", "search=doe&", "status=New&"] {
        let answer = house.acme.get(&format!("{PATH}/list?{query}cursor={cursor}")).await;
        assert_eq!(named(&answer), ["cursor"], "{query}");
    }
}
