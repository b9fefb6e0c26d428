//! Client groups.

use serde_json::{Value, json};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

/// A client group in which nothing lies, `base` added. It is younger than the first one of every organization, which stays the one that
/// new things lie in.
pub const EMPTY: u64 = 9_000_000_000_000_081;

pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    house.seed_group(caller, EMPTY + base).await;
}

pub fn samples() -> [Sample; 4] {
    let wrong = || -> Vec<(&'static str, Value)> {
        vec![("name", json!({})), ("name", json!("")), ("name", json!("n".repeat(201)))]
    };
    let path = format!("/api/groups/{EMPTY}");
    let nowhere = Some("/api/groups/4242");
    [
        read("list_groups", "/api/groups"),
        Sample {
            required: &["name"],
            wrong: wrong(),
            ..write("create_group", "/api/groups", json!({ "name": "Northwind" }))
        },
        Sample {
            required: &["name"],
            nowhere,
            wrong: wrong(),
            ..write("update_group", &path, json!({ "name": "Northwind Traders" }))
        },
        Sample { nowhere, ..read("delete_group", &path) },
    ]
}
