//! The organization itself.

use serde_json::json;

use super::{Sample, read, write};

pub fn samples() -> [Sample; 4] {
    [
        read("get_account", "/api/v1/account"),
        Sample {
            wrong: vec![
                ("name", json!({})),
                ("name", json!("n".repeat(201))),
                ("second_factor_required", json!("perhaps")),
                ("plan", json!("unlimited")),
            ],
            ..write("update_account", "/api/v1/account", json!({ "name": "Acme Agency" }))
        },
        read("get_billing", "/api/v1/account/billing"),
        Sample {
            wrong: vec![
                ("billing_email", json!("nobody")),
                ("company", json!([])),
                ("address", json!("a".repeat(501))),
                ("tax_id", json!("1".repeat(51))),
                ("plan", json!("unlimited")),
            ],
            ..write(
                "update_billing",
                "/api/v1/account/billing",
                json!({ "billing_email": "billing@example.com", "company": "Acme Agency Ltd." }),
            )
        },
    ]
}
