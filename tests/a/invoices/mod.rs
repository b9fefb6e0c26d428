mod change;
mod create;
mod list;
mod review;

use serde_json::{Value, json};

use harness::{Answer, TestApp};

const PATH: &str = "/api/invoices";

/// What the vendor's node sends of an invoice without additional fields, to the letter.
fn invoice(number: &str) -> Value {
    json!({
        "invoice_number": number, "amount": 5000, "on_duplicate": "ignore", "workflow_id": "={{$workflow.id}}",
        "execution_id": "",
    })
}

async fn create(house: &TestApp, body: Value) -> Answer {
    house.acme.post(PATH, body).await
}

async fn shown(house: &TestApp, id: u64) -> Value {
    let answer = house.acme.get(&format!("{PATH}/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}
