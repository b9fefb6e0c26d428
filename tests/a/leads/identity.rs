//! An e-mail address is one lead's, however it is spelled.

use serde_json::json;
use shared::{domain::lead::Lead, ids::LeadId};

use super::{PATH, listed, make, person, post, shown};
use harness::{TestApp, named, refusal};

const SPELLINGS: [&str; 9] = [
    "josé@münchen.example",
    "JOSÉ@xn--mnchen-3ya.example",
    "jose\u{301}@mu\u{308}nchen.example",
    " <josé@münchen.example> ",
    "José Doe <josé@münchen.example>",
    "'josé@münchen.example'",
    "\"josé\"@münchen.example",
    "josé@münchen.example\u{200b}",
    "mailto:josé@münchen.example",
];

#[tokio::test]
async fn every_spelling_is_the_same_lead_and_is_shown_as_one() {
    for first in SPELLINGS {
        let house = TestApp::new().await;
        let id = make(&house, person(first)).await;
        assert_eq!(shown(&house, id).await["email"], SPELLINGS[0], "{first}");
        for again in SPELLINGS {
            let answer = house.acme.post(PATH, person(again)).await;
            assert_eq!((answer.status, answer.id()), (200, id), "{first} {again}");
            let query: String = url::form_urlencoded::byte_serialize(again.as_bytes()).collect();
            assert_eq!(listed(&house, &format!("?email={query}")).await, [id], "{again}");
            assert_eq!(listed(&house, &format!("?search={query}")).await, [id], "{again}");
        }
    }
}

#[tokio::test]
async fn a_change_to_another_spelling_changes_nothing_and_anothers_address_is_refused() {
    let house = TestApp::new().await;
    let id = make(&house, person("josé@münchen.example")).await;
    let other = make(&house, person("jane@example.com")).await;
    for spelling in SPELLINGS {
        let path = format!("{PATH}/{id}");
        assert_eq!(house.acme.patch(&path, json!({ "email": spelling })).await.status, 200, "{spelling}");
        assert_eq!(shown(&house, id).await["email"], SPELLINGS[0]);
        let taken = house.acme.patch(&format!("{PATH}/{other}"), json!({ "email": spelling })).await;
        assert_eq!((taken.status, refusal(&taken, PATH).as_str()), (409, "email_taken"), "{spelling}");
        let updated = post(&house, "update", person(spelling)).await;
        assert_eq!((updated.status, updated.id()), (200, id), "{spelling}");
    }
    let deleted = house.acme.delete(&format!("{PATH}/{id}")).await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    assert_eq!(house.acme.post(PATH, person(SPELLINGS[1])).await.status, 201, "the address is free");
}

#[tokio::test]
async fn a_tag_makes_another_lead() {
    let house = TestApp::new().await;
    let plain = make(&house, person("jane@example.com")).await;
    let tagged = make(&house, person("jane+news@example.com")).await;
    assert_ne!(plain, tagged);
    assert_eq!(listed(&house, "?email=jane%2Bnews%40example.com").await, [tagged]);
}

#[tokio::test]
async fn what_is_no_address_is_refused_wherever_one_is_read() {
    let house = TestApp::new().await;
    let id = make(&house, person("jane@example.com")).await;
    for wrong in
        ["a@@b.example", "a@b..example", "a@b", "a b@example.com", "undefined", "a@b.example, c@d.example"]
    {
        assert_eq!(named(&house.acme.post(PATH, person(wrong)).await), ["email"], "{wrong}");
        let patch = house.acme.patch(&format!("{PATH}/{id}"), json!({ "email": wrong })).await;
        assert_eq!(named(&patch), ["email"], "{wrong}");
        let query: String = url::form_urlencoded::byte_serialize(wrong.as_bytes()).collect();
        let list = house.acme.get(&format!("{PATH}/list?email={query}")).await;
        assert_eq!(named(&list), ["email"], "{wrong}");
        let message = json!({ "session_id": "s", "role": "user", "content": "x", "lead_email": wrong });
        assert_eq!(named(&house.acme.post("/api/chats/message", message).await), ["lead_email"], "{wrong}");
        let invoice = json!({ "invoice_number": "A-1", "amount": 1, "client_email": wrong });
        assert_eq!(named(&house.acme.post("/api/invoices", invoice).await), ["client_email"], "{wrong}");
    }
}

/// A lead from the time when addresses were kept as they were sent.
async fn of_before(house: &TestApp, email: &str) -> Lead {
    let id = make(house, person("jane@before.example")).await;
    let leads = house.app.repos(house.acme.key.tenant).leads();
    let before = leads.get(LeadId::from_u64(id).unwrap()).await.unwrap().unwrap();
    let mut lead = Lead { email: email.to_owned(), ..before.clone() };
    lead.subject.v += 1;
    house.app.store.transact(leads.replace(&before, &lead).unwrap()).await.unwrap();
    lead
}

#[tokio::test]
async fn a_lead_of_before_is_found_where_it_lay() {
    let house = TestApp::new().await;
    let id = of_before(&house, "Jane@Example.COM").await.subject.id.get();
    assert_eq!(house.acme.post(PATH, person("jane@example.com")).await.id(), id);
    assert_eq!(listed(&house, "?email=jane@example.com").await, [id]);
    let spelled = of_before(&house, "Info@xn--mnchen-3ya.example").await.subject.id.get();
    assert_eq!(shown(&house, spelled).await["email"], "Info@xn--mnchen-3ya.example");
    assert_eq!(listed(&house, "?search=xn--mnchen").await, [spelled]);
    // Once its address is sent again it stands where all others do, and nothing of it is left behind.
    let path = format!("{PATH}/{spelled}");
    let changed = house.acme.patch(&path, json!({ "email": "info@xn--mnchen-3ya.example" })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(house.acme.post(PATH, person("info@münchen.example")).await.id(), spelled);
    assert_eq!(house.acme.delete(&path).await.status, 200);
    assert_eq!(listed(&house, "?search=xn--mnchen").await, [] as [u64; 0]);
    assert_eq!(house.acme.post(PATH, person("info@münchen.example")).await.status, 201);
}
