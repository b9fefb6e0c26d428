use serde_json::json;

use super::{Sample, read, write};

/// The n8n nodes.
pub fn samples() -> [Sample; 3] {
    [
        read("list_n8n_nodes", "/api/n8n/nodes"),
        Sample {
            nowhere: Some("/api/n8n/nodes/payload-review?installation_id=4242"),
            ..read("get_n8n_node", "/api/n8n/nodes/payload-review?installation_id=45")
        },
        Sample {
            wrong: vec![
                ("installation_id", json!({})),
                ("base_url", json!("baton.example.com")),
                ("workflow_id", json!("abc 123")),
                ("allow_regenerate", json!("maybe")),
            ],
            ids: &["installation_id"],
            ..write("connect_n8n_node", "/api/n8n/nodes/payload-review", json!({ "installation_id": 45 }))
        },
    ]
}
