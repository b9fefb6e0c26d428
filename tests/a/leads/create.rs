use serde_json::{Value, json};

use super::{PATH, listed, make, person, shown, with};
use harness::{N8N, TestApp, assert_holds, named, refusal, samples};

#[tokio::test]
async fn the_sample_is_answered_as_documented_and_kept_whole() {
    let house = samples::scene().await;
    let made = house.acme.post("/api/leads?on_duplicate=update", samples::lead()).await;
    assert_eq!(made.status, 201);
    let documented = json!({ "success": true, "status": "New", "message": "Lead created successfully." });
    assert_holds(&made.json, &documented);
    assert_eq!(made.json["duplicate"], Value::Null);
    assert_holds(&shown(&house, made.id()).await, &samples::lead());
}

#[tokio::test]
async fn what_n8n_makes_of_values_is_accepted() {
    let house = TestApp::new().await;
    let sent = json!({
        "first_name": " Jane ", "last_name": "Doe", "email": " Jane@Example.com ", "lead_score": "75",
        "budget_confirmed": "true", "phone": 15_550_100, "company_size": 51, "website": "", "timeline": null,
        "status": "qualified", "unknown": "ignored",
    });
    let now = shown(&house, make(&house, sent).await).await;
    let expected = json!({
        "first_name": "Jane", "email": "jane@example.com", "lead_score": 75, "budget_confirmed": true,
        "phone": "15550100", "company_size": "51", "website": null, "timeline": null, "status": "Qualified",
    });
    assert_holds(&now, &expected);
    assert_eq!(now["unknown"], Value::Null);
}

#[tokio::test]
async fn a_status_is_named_by_label_or_id() {
    let house = TestApp::new().await;
    for (n, sent) in [json!("WON"), json!(6), json!("6")].into_iter().enumerate() {
        let body = with(person(&format!("{n}@example.com")), json!({ "status": sent }));
        let made = house.acme.post(PATH, body).await;
        assert_eq!((made.status, &made.json["status"]), (201, &json!("Won")), "{made:?}");
        let now = shown(&house, made.id()).await;
        assert_eq!((&now["status"], &now["status_id"]), (&json!("Won"), &json!(6)));
    }
    let unknown = house.acme.post(PATH, with(person("a@example.com"), json!({ "status": "Lost it" }))).await;
    assert_eq!(named(&unknown), ["status"]);
    assert!(unknown.json["message"].as_str().unwrap().contains("New, Contacted, Qualified"), "{unknown:?}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let house = TestApp::new().await;
    for email in ["jane", "@example.com", "jane@example", "ja ne@example.com", "a@b..", "jane@.com"] {
        let answer = house.acme.post(PATH, person(email)).await;
        assert_eq!(answer.status, 422, "{email}: {answer:?}");
    }
    assert_eq!(listed(&house, "").await, [] as [u64; 0]);
}

#[tokio::test]
async fn fields_may_be_as_long_as_they_may_be_and_no_longer() {
    let house = TestApp::new().await;
    let long =
        with(person("a@example.com"), json!({ "pain_points": "é".repeat(10_000), "phone": "1".repeat(50) }));
    make(&house, long).await;
    let longer =
        json!({ "pain_points": "é".repeat(10_001), "phone": "1".repeat(51), "last_name": "n".repeat(101) });
    let answer = house.acme.post(PATH, with(person("b@example.com"), longer)).await;
    assert_eq!(named(&answer), ["last_name", "pain_points", "phone"]);
}

#[tokio::test]
async fn names_and_companies_of_very_many_words_are_stored() {
    let house = TestApp::new().await;
    let words = |letter: &str| vec![letter; 50].join(" ");
    let address = format!("{}@{}.com", ["x"; 30].join("."), ["y"; 30].join("."));
    let body = json!({
        "first_name": words("a"), "last_name": words("b"), "email": address, "company_name": words("c"),
        "lead_source": words("d"),
    });
    let id = make(&house, body).await;
    let other = json!({ "first_name": "one", "email": "z@example.com", "company_name": words("e"), "lead_source": "s" });
    let changed = house.acme.patch(&format!("{PATH}/{id}"), other).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(listed(&house, "?search=one").await, [id]);
}

#[tokio::test]
async fn the_resume_url_and_the_group_follow_the_rules_of_every_post() {
    let house = samples::scene().await;
    let evil = with(person("a@example.com"), json!({ "resume_url": "https://evil.test/?signature=s3cret" }));
    assert_eq!(named(&house.acme.post(PATH, evil).await), ["resume_url"]);
    let url = format!("{N8N}/webhook-waiting/7?signature=s3cret");
    let id = make(&house, with(person("a@example.com"), json!({ "resume_url": url }))).await;
    let now = house.acme.get(&format!("{PATH}/{id}")).await;
    assert_eq!(now.json["installation_id"], 45);
    assert!(!now.text.contains("s3cret"), "{now:?}");
    for group in [json!(house.rival.key.group_id), json!(samples::NOWHERE)] {
        let foreign =
            house.acme.post(PATH, with(person("b@example.com"), json!({ "group_id": group }))).await;
        assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
    }
}

#[tokio::test]
async fn the_newest_are_shown_on_a_dashboard() {
    let house = TestApp::new().await;
    let mut made = Vec::new();
    for n in 0..60 {
        made.push(make(&house, person(&format!("{n}@example.com"))).await);
    }
    made.reverse();
    for (query, count) in [("", 5), ("?limit=2", 2), ("?limit=0", 1), ("?limit=51", 50), ("?limit=", 5)] {
        let answer = house.acme.get(&format!("{PATH}/recent{query}")).await;
        assert_eq!((answer.status, &answer.json["count"]), (200, &json!(count)), "{query}: {answer:?}");
        let ids = answer.json["leads"].as_array().unwrap().iter().map(|lead| lead["id"].as_u64().unwrap());
        assert_eq!(ids.collect::<Vec<_>>(), made[..count], "{query}");
    }
    assert_eq!(named(&house.acme.get(&format!("{PATH}/recent?limit=many")).await), ["limit"]);
    assert_eq!(house.rival.get(&format!("{PATH}/recent")).await.json, json!({ "leads": [], "count": 0 }));
}
