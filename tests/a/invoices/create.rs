use serde_json::{Value, json};

use super::{PATH, create, invoice, shown};
use harness::{TestApp, named, refusal, samples};

#[tokio::test]
async fn number_and_amount_are_enough() {
    let house = TestApp::new().await;
    let made = create(&house, invoice("INV-1")).await;
    assert_eq!((made.status, &made.json["status"]), (201, &json!("draft")), "{made:?}");
    let shown = shown(&house, made.id()).await;
    assert_eq!((&shown["invoice_number"], &shown["amount"]), (&json!("INV-1"), &json!(5000)));
    assert_eq!((&shown["currency"], &shown["line_items"]), (&json!("USD"), &json!([])));
    for field in ["workflow_id", "execution_id", "installation_id", "paid_at", "custom_data", "title"] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    assert_eq!((&shown["status_history"], &shown["history"]), (&json!([]), &json!([])));
    assert_eq!(
        (&shown["human_interaction"], &shown["automation_status"]),
        (&json!(false), &json!("pending"))
    );
}

#[tokio::test]
async fn everything_that_the_vendors_node_can_add_is_kept() {
    let house = TestApp::new().await;
    house.seed_installation(&house.acme, 45).await;
    let details = json!({
        "title": "Hosting", "currency": "gbp", "client_name": "Client Ltd", "client_email": "Pay@Client.example",
        "client_company": "Client", "tax_amount": 500, "discount_amount": 100,
        "payment_url": "https://pay.example.com/1", "payment_method": "Wire", "pdf_url": "https://files.example.com/1.pdf",
        "line_items": [{ "description": "Hosting", "quantity": 1, "unit_price": 5000, "total": 5000.0, "sku": "H-1" }],
        "notes": "Net 30", "custom_data": { "": 1.0 }, "human_interaction": true, "automation_status": "approved",
        "execution_id": "551", "workflow_id": "abc123",
    });
    let mut body = invoice("INV-1");
    for (name, value) in details.as_object().unwrap() {
        body[name] = value.clone();
    }
    body["due_date"] = json!("2025-02-20");
    body["issued_at"] = json!("1737455400");
    let made = create(&house, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = shown(&house, made.id()).await;
    for (name, value) in details.as_object().unwrap() {
        let expected = match name.as_str() {
            "currency" => json!("GBP"),
            "client_email" => json!("pay@client.example"),
            _ => value.clone(),
        };
        assert_eq!(shown[name], expected, "{name}");
    }
    assert_eq!(
        (&shown["due_date"], &shown["issued_at"]),
        (&json!("2025-02-20"), &json!("2025-01-21T10:30:00Z"))
    );
    assert_eq!(shown["installation_id"], 45, "the workflow tells");
}

#[tokio::test]
async fn a_number_that_is_there_is_named_and_stays() {
    let house = TestApp::new().await;
    let first = create(&house, invoice("INV-1")).await;
    for body in [invoice("INV-1"), json!({ "invoice_number": " INV-1 ", "amount": "7" })] {
        let again = create(&house, body).await;
        assert_eq!((again.status, again.id()), (200, first.id()), "{again:?}");
        assert_eq!(
            (&again.json["duplicate"], &again.json["message"]),
            (&json!(true), &json!("Invoice already exists."))
        );
    }
    assert_eq!(shown(&house, first.id()).await["amount"], 5000);
    assert_eq!(first.json["duplicate"], Value::Null);
    assert_eq!(create(&house, invoice("inv-1")).await.status, 201, "numbers are taken to the letter");
}

#[tokio::test]
async fn update_takes_what_is_not_blank() {
    let house = TestApp::new().await;
    let mut body = invoice("INV-1");
    body["title"] = json!("Hosting");
    body["notes"] = json!("Net 30");
    let first = create(&house, body).await;
    let body = json!({
        "invoice_number": "INV-1", "amount": 6000, "title": "", "notes": "Net 14", "status": "sent", "on_duplicate": "update",
    });
    let again = create(&house, body).await;
    assert_eq!((again.status, again.id()), (200, first.id()), "{again:?}");
    assert_eq!((&again.json["message"], &again.json["status"]), (&json!("Invoice updated."), &json!("sent")));
    let shown = shown(&house, first.id()).await;
    assert_eq!(
        (&shown["amount"], &shown["title"], &shown["notes"]),
        (&json!(6000), &json!("Hosting"), &json!("Net 14"))
    );
}

#[tokio::test]
async fn create_makes_another_beside_the_first() {
    let house = TestApp::new().await;
    let first = create(&house, invoice("INV-1")).await;
    let ask = samples::with(invoice("INV-1"), "on_duplicate", json!("create"));
    let second = create(&house, ask.clone()).await;
    assert_eq!((second.status, &second.json["duplicate"]), (201, &Value::Null), "{second:?}");
    assert_ne!(first.id(), second.id());
    assert_eq!(create(&house, invoice("INV-1")).await.id(), first.id(), "the number still means the first");
    let fresh = create(&house, samples::with(ask, "invoice_number", json!("INV-2"))).await;
    assert_eq!(create(&house, invoice("INV-2")).await.id(), fresh.id());
}

#[tokio::test]
async fn the_query_may_say_what_to_do_and_counts() {
    let house = TestApp::new().await;
    let first = create(&house, invoice("INV-1")).await;
    let made = house.acme.post(&format!("{PATH}?on_duplicate=create"), invoice("INV-1")).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_ne!(made.id(), first.id());
    let wrong = house.acme.post(&format!("{PATH}?on_duplicate=replace"), json!({ "amount": 1 })).await;
    assert_eq!(named(&wrong), ["invoice_number", "on_duplicate"]);
}

#[tokio::test]
async fn the_number_of_a_deleted_invoice_is_free() {
    let house = TestApp::new().await;
    let first = create(&house, invoice("INV-1")).await;
    assert_eq!(house.acme.delete(&format!("{PATH}/{}", first.id())).await.status, 200);
    let second = create(&house, invoice("INV-1")).await;
    assert_eq!(second.status, 201, "{second:?}");
    assert_ne!(second.id(), first.id());
    // One that never held the number leaves it alone.
    let beside = house.acme.post(&format!("{PATH}?on_duplicate=create"), invoice("INV-1")).await;
    assert_eq!(house.acme.delete(&format!("{PATH}/{}", beside.id())).await.status, 200);
    assert_eq!(create(&house, invoice("INV-1")).await.id(), second.id());
}

#[tokio::test]
async fn numbers_of_other_groups_and_tenants_are_their_own() {
    let house = TestApp::new().await;
    let first = create(&house, invoice("INV-1")).await;
    assert_eq!(house.rival.post(PATH, invoice("INV-1")).await.status, 201);
    let foreign =
        create(&house, samples::with(invoice("INV-1"), "group_id", json!(house.rival.key.group_id))).await;
    let unknown = create(&house, samples::with(invoice("INV-1"), "group_id", json!(samples::NOWHERE))).await;
    assert_eq!((foreign.status, refusal(&foreign, PATH).as_str()), (403, "no_such_group"));
    assert_eq!(foreign.text, unknown.text);
    assert_eq!(create(&house, invoice("INV-1")).await.id(), first.id());
}

#[tokio::test]
async fn fifty_at_once_make_one() {
    for on_duplicate in ["ignore", "update"] {
        let house = TestApp::new().await;
        let body = samples::with(invoice("INV-1"), "on_duplicate", json!(on_duplicate));
        let answers = futures::future::join_all((0..50).map(|_| create(&house, body.clone()))).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(made.len(), 1, "{on_duplicate}");
        for answer in &answers {
            assert!(answer.status < 300, "{on_duplicate}: {answer:?}");
            assert_eq!(answer.id(), made[0].id());
        }
        assert_eq!(house.acme.get(&format!("{PATH}/list")).await.json["total"], 1);
    }
}

#[tokio::test]
async fn a_duplicate_is_answered_alike_under_the_same_key() {
    let house = TestApp::new().await;
    create(&house, invoice("INV-1")).await;
    let body = samples::with(invoice("INV-1"), "on_duplicate", json!("update"));
    let first = house.acme.post_once(PATH, "exec-1-0-0", body.clone()).await;
    let again = house.acme.post_once(PATH, "exec-1-0-0", body).await;
    assert_eq!((first.status, &first.text), (200, &again.text));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn writes_that_an_engine_repeats_count_once() {
    let house = TestApp::new().await;
    create(&house, invoice("INV-1")).await;
    house.faults.set(standins::Plan::RepeatWrites);
    for on_duplicate in ["create", "update"] {
        let body = samples::with(invoice("INV-1"), "on_duplicate", json!(on_duplicate));
        let answer = create(&house, body).await;
        assert!(answer.status < 300, "{answer:?}");
    }
    assert_eq!(house.acme.get(&format!("{PATH}/list")).await.json["total"], 2);
}

#[tokio::test]
async fn a_create_is_one_transaction() {
    let house = TestApp::new().await;
    create(&house, invoice("INV-0")).await;
    let before = house.meter();
    create(&house, invoice("INV-1")).await;
    let spent = house.meter().since(&before);
    assert_eq!((spent.read_units, spent.write_units, spent.round_trips), (0.0, 7.0, 1));
    let before = house.meter();
    create(&house, invoice("INV-1")).await;
    let spent = house.meter().since(&before);
    assert_eq!((spent.read_units, spent.round_trips), (1.0, 2), "a duplicate");
}
