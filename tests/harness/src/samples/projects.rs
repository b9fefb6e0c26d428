//! Projects: number 81; `base` is added to its id.

use serde_json::json;
use shared::{domain::project::Project, ids::ProjectId, store};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

const NOWHERE: Option<&str> = Some("/api/v1/projects/4242");

pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    let id = ProjectId::from_u64(base + 81).unwrap();
    let description = Some("Everything that goes out before Easter.".to_owned());
    let project = Project::new(id, "Spring campaign".into(), description, house.app.now());
    let writes = house.app.repos(caller.key.tenant).projects().insert(&project).unwrap();
    store::apply(&*house.app.store, writes).await.unwrap();
}

pub fn samples() -> [Sample; 5] {
    let body =
        || json!({ "name": "Spring campaign", "description": "Everything that goes out before Easter." });
    [
        read("list_projects", "/api/v1/projects"),
        Sample {
            required: &["name"],
            wrong: vec![
                ("name", json!({})),
                ("name", json!("n".repeat(201))),
                ("description", json!([])),
                ("description", json!("d".repeat(2001))),
                ("workflow_count", json!(5)),
            ],
            ..write("create_project", "/api/v1/projects", body())
        },
        Sample { nowhere: NOWHERE, ..read("get_project", "/api/v1/projects/81") },
        Sample {
            nowhere: NOWHERE,
            wrong: vec![("name", json!({})), ("description", json!("d".repeat(2001))), ("id", json!(5))],
            ..write("update_project", "/api/v1/projects/81", json!({ "name": "Summer campaign" }))
        },
        Sample { nowhere: NOWHERE, ..read("delete_project", "/api/v1/projects/81") },
    ]
}
