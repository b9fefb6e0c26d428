//! The API keys of the scene: key 9 of the organization's admin, which nobody holds; `base` is added to its id.

use serde_json::json;
use shared::{
    domain::api_key::{ApiKey, hash_of},
    ids::ApiKeyId,
    repo::orgs,
};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

const NOWHERE: Option<&str> = Some("/api/v1/api_keys/4242");

pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    let key = ApiKey {
        id: ApiKeyId::from_u64(base + 9).unwrap(),
        name: "Production automation".into(),
        // Not of a text that was made up: that would change every id after it.
        hash: hash_of(&format!("key {} of {}", base + 9, caller.key.tenant).into()),
        last4: "abcd".into(),
        created_at: house.app.now(),
        ..caller.key.clone()
    };
    house.app.store.write(orgs::insert_key(&key).unwrap()).await.unwrap();
}

pub fn samples() -> [Sample; 6] {
    [
        read("list_api_keys", "/api/v1/api_keys"),
        Sample {
            wrong: vec![
                ("name", json!({})),
                ("name", json!("n".repeat(101))),
                ("expires_in", json!(0)),
                ("expires_in", json!(3651)),
                ("scopes", json!(7)),
                ("dialect", json!("f")),
                ("allowed_ips", json!(true)),
                ("rate_limit_per_minute", json!(0)),
                ("rate_limit_per_hour", json!("often")),
                ("group_id", json!("nobody's")),
            ],
            ..write(
                "create_api_key",
                "/api/v1/api_keys",
                json!({ "name": "Production automation", "expires_in": 365 }),
            )
        },
        read("get_api_key_usage", "/api/v1/api_keys/usage"),
        Sample { nowhere: NOWHERE, ..read("get_api_key", "/api/v1/api_keys/9") },
        Sample {
            nowhere: Some("/api/v1/api_keys/4242/rotate"),
            wrong: vec![("overlap", json!(169)), ("overlap", json!("long"))],
            ..write("rotate_api_key", "/api/v1/api_keys/9/rotate", json!({ "overlap": 24 }))
        },
        Sample {
            nowhere: Some("/api/v1/api_keys/4242/revoke"),
            ..read("revoke_api_key", "/api/v1/api_keys/9/revoke")
        },
    ]
}
