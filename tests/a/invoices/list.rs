use serde_json::{Value, json};

use super::{PATH, create, invoice};
use harness::{TestApp, named, refusal, samples};

async fn numbers(house: &TestApp, query: &str) -> Vec<String> {
    let answer = house.acme.get(&format!("{PATH}/list{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let rows = answer.json["invoices"].as_array().unwrap();
    assert_eq!(answer.json["count"], rows.len(), "{query}");
    rows.iter().map(|row| row["invoice_number"].as_str().unwrap().to_owned()).collect()
}

async fn three() -> TestApp {
    let house = TestApp::new().await;
    for (number, title, status) in
        [("A-1", "Hosting", "sent"), ("A-2", "ÜBERSETZUNG", "paid"), ("B-3", "Setup", "sent")]
    {
        let body =
            samples::with(samples::with(invoice(number), "title", json!(title)), "status", json!(status));
        assert_eq!(
            create(&house, samples::with(body, "client_email", json!("pay@client.example"))).await.status,
            201
        );
    }
    house
}

#[tokio::test]
async fn the_newest_comes_first_and_every_filter_must_match() {
    let house = three().await;
    for (query, expected) in [
        // The vendor's node sends the question mark without any filter.
        ("?", vec!["B-3", "A-2", "A-1"]),
        ("?status=sent", vec!["B-3", "A-1"]),
        ("?status=sent&limit=1", vec!["B-3"]),
        ("?status=overdue", vec![]),
        ("?search=a-", vec!["A-2", "A-1"]),
        ("?search=%C3%BCbers", vec!["A-2"]),
        ("?search=client.example&status=paid", vec!["A-2"]),
        ("?status=&search=", vec!["B-3", "A-2", "A-1"]),
    ] {
        assert_eq!(numbers(&house, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn an_invoice_is_listed_under_its_status_of_now() {
    let house = three().await;
    let list = house.acme.get(&format!("{PATH}/list?status=sent&limit=1")).await;
    let id = list.json["invoices"][0]["id"].as_u64().unwrap();
    house.acme.patch(&format!("{PATH}/{id}/status"), json!({ "status": "overdue" })).await;
    assert_eq!(numbers(&house, "?status=sent").await, ["A-1"]);
    assert_eq!(numbers(&house, "?status=overdue").await, ["B-3"]);
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let house = TestApp::new().await;
    for n in 0..7 {
        create(&house, invoice(&n.to_string())).await;
    }
    for filter in ["", "&status=draft"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = house.acme.get(&format!("{PATH}/list?limit=3{filter}{cursor}")).await.json;
            assert_eq!(answer["total"], Value::Null, "a page does not know the total");
            let rows = answer["invoices"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["invoice_number"].as_str().unwrap().to_owned()));
            let Some(next) = answer["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"], "{filter}");
    }
}

#[tokio::test]
async fn filters_that_cannot_be_used_are_named_at_once() {
    let house = TestApp::new().await;
    let answer = house.acme.get(&format!("{PATH}/list?status=lost&group_id=x&limit=many&cursor=MTo")).await;
    assert_eq!(named(&answer), ["cursor", "group_id", "limit", "status"]);
}

#[tokio::test]
async fn another_tenant_sees_nothing() {
    let house = three().await;
    for query in ["", "?status=sent"] {
        let answer = house.rival.get(&format!("{PATH}/list{query}")).await;
        assert_eq!(answer.json["invoices"], json!([]), "{query}");
    }
    let foreign = house.acme.get(&format!("{PATH}/list?group_id={}", house.rival.key.group_id)).await;
    assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
}

#[tokio::test]
async fn a_status_is_read_alone() {
    let house = TestApp::new().await;
    for n in 0..300 {
        create(&house, invoice(&n.to_string())).await;
    }
    let paid = samples::with(invoice("paid"), "status", json!("paid"));
    create(&house, paid).await;
    let before = house.meter();
    assert_eq!(numbers(&house, "?status=paid").await, ["paid"]);
    let spent = house.meter().since(&before);
    assert_eq!((spent.read_units, spent.round_trips), (1.5, 2));
}
