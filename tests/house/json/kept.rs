//! What a create accepts, its record and its list show, equal to what was sent.

use http::Method;
use serde_json::{Value, json};

use super::{MAGIC, nested};
use harness::TestApp;

/// A small generator of any JSON: the same numbers make the same text.
struct Any(u64);

impl Any {
    fn next(&mut self, below: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % below).unwrap()
    }

    /// As text: a tree could not hold all of its numbers.
    fn value(&mut self, deep: u64) -> String {
        const NUMBERS: [&str; 8] = [
            "0",
            "-1",
            "18446744073709551617",
            "-340282366920938463463374607431768211456",
            "0.1000000000000000055511151",
            "1.0",
            "12345678901234567890.12345678901234567890",
            "1e2",
        ];
        match self.next(if deep == 0 { 4 } else { 7 }) {
            0 => "null".into(),
            1 => "true".into(),
            2 => NUMBERS[self.next(8)].into(),
            3 => self.word(),
            4 => {
                let items: Vec<_> = (0..self.next(5)).map(|_| self.value(deep - 1)).collect();
                format!("[{}]", items.join(","))
            }
            5 => {
                let members: Vec<_> = (0..self.next(5))
                    .map(|n| format!("\"{n}{}:{}", &self.word()[1..], self.value(deep - 1)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            _ => nested(self.next(80), "[]"),
        }
    }

    fn word(&mut self) -> String {
        let words = ["", "a", MAGIC, "\"", "\\", "[1,", "{}", "é😀", "\u{1}\n"];
        Value::from(words[self.next(9)]).to_string()
    }
}

fn invoice(number: usize, custom_data: &str) -> String {
    format!("{{\"invoice_number\":\"INV-{number}\",\"amount\":1,\"custom_data\":{custom_data}}}")
}

/// A field of an answer as it stands there.
fn field(answer: &str, name: &str) -> String {
    shared::json::text(answer.as_bytes()).unwrap().root().get(name).unwrap().as_str().to_owned()
}

#[tokio::test]
async fn what_is_accepted_is_shown_as_it_was_sent() {
    let house = TestApp::new().await;
    let mut kept = Vec::new();
    for number in 0..120 {
        let mut any = Any(u64::try_from(number).unwrap());
        let custom = format!("{{\"x\":{},\"y\":{}}}", any.value(5), any.value(2));
        let made = house
            .acme
            .text(Method::POST, "/api/invoices", "application/json", &invoice(number, &custom))
            .await;
        assert!(matches!(made.status, 201 | 400), "{custom}: {made:?}");
        let payload = format!("{{\"title\":\"x\",\"payload\":{custom}}}");
        let post = house.acme.text(Method::POST, "/api/payloads", "application/json", &payload).await;
        assert_eq!(post.status, made.status, "{custom}: {post:?}");
        if made.status == 201 {
            kept.push((made.id(), post.id(), custom));
        }
    }
    assert!(kept.len() > 100, "{} were accepted", kept.len());
    for (invoice, payload, custom) in &kept {
        let shown = house.acme.get(&format!("/api/invoices/{invoice}")).await;
        assert_eq!((shown.status, field(&shown.text, "custom_data")), (200, custom.clone()), "{shown:?}");
        let shown = house.acme.get(&format!("/api/payloads/{payload}")).await;
        assert_eq!((shown.status, field(&shown.text, "payload")), (200, custom.clone()), "{shown:?}");
    }
    for (list, name) in [("/api/invoices/list", "custom_data"), ("/api/payloads/list", "payload")] {
        let shown = house.acme.get(&format!("{list}?limit=500")).await;
        let read = shared::json::text(shown.text.as_bytes()).unwrap();
        let rows = read.root().get(list.split('/').nth(2).unwrap()).unwrap().items();
        let shown: Vec<_> = rows.map(|row| row.get(name).unwrap().as_str().to_owned()).collect();
        let sent: Vec<_> = kept.iter().rev().map(|(.., custom)| custom.clone()).collect();
        assert_eq!(shown, sent, "{list}");
    }
}

/// The same where the content lies apart.
#[tokio::test]
async fn a_large_payload_comes_back_with_all_its_digits() {
    let house = TestApp::new().await;
    let content =
        format!("[{}18446744073709551617]", "340282366920938463463374607431768211456,".repeat(3000));
    let body = format!("{{\"title\":\"x\",\"payload\":\n {content} }}");
    let made = house.acme.text(Method::POST, "/api/payloads", "application/json", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = house.acme.get(&format!("/api/payloads/{}", made.id())).await;
    assert!(shown.text.contains(&content), "{} bytes", shown.text.len());
    assert_eq!(shown.json["payload_bytes"], json!(content.len()));
}

/// Each part alone is within a limit; read as one, they were not.
#[tokio::test]
async fn an_invoice_whose_data_hides_levels_is_shown_and_spoils_no_list() {
    let house = TestApp::new().await;
    let inner = nested(90, &format!("{{\"{MAGIC}\":{}}}", Value::from(nested(90, ""))));
    let custom = format!("{{\"{MAGIC}\":{}}}", Value::from(inner));
    let made = house.acme.text(Method::POST, "/api/invoices", "application/json", &invoice(1, &custom)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let shown = house.acme.get(&format!("/api/invoices/{}", made.id())).await;
    assert_eq!((shown.status, field(&shown.text, "custom_data")), (200, custom.clone()));
    let list = house.acme.get("/api/invoices/list").await;
    assert_eq!((list.status, &list.json["count"]), (200, &json!(1)), "{list:?}");
}
