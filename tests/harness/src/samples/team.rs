//! The people of the scene, besides the organization's admin: member 31, an editor who has come, and 32, who was invited; `base` is
//! added to their ids.

use serde_json::{Value, json};
use shared::{
    domain::org::{Role, User, UserStatus},
    ids::{GroupId, UserId},
    store,
};

use super::{Sample, read, write};
use crate::{Caller, TestApp};

const NOWHERE: Option<&str> = Some("/api/v1/team_members/4242");

pub async fn seed(house: &TestApp, caller: &Caller, base: u64) {
    for (id, status) in [(31, UserStatus::Active), (32, UserStatus::Invited)] {
        let (id, email) = (UserId::from_u64(base + id).unwrap(), format!("member-{}@example.com", base + id));
        let user = User::new(id, caller.key.tenant, email, Role::Editor, house.app.now());
        let writes = house.app.repos(caller.key.tenant).members().insert(&User { status, ..user }).unwrap();
        store::apply(&*house.app.store, writes).await.unwrap();
    }
}

pub fn samples() -> [Sample; 7] {
    let group = GroupId::from_u64(super::NOWHERE).unwrap();
    [
        read("list_team_members", "/api/v1/team_members"),
        Sample {
            required: &["email", "role"],
            wrong: vec![
                ("email", json!("jane")),
                ("role", json!("owner")),
                ("role", json!(7)),
                ("name", json!("n".repeat(101))),
                ("group_ids", json!([group])),
            ],
            ..write(
                "invite_team_member",
                "/api/v1/team_members",
                json!({ "email": "jane.doe@example.com", "role": "editor", "name": "Jane Doe" }),
            )
        },
        Sample { nowhere: NOWHERE, ..read("get_team_member", "/api/v1/team_members/31") },
        Sample {
            nowhere: NOWHERE,
            wrong: vec![
                ("role", json!("owner")),
                ("name", json!({})),
                ("second_factor", json!(true)),
                ("group_ids", json!([group])),
            ],
            ..write("update_team_member", "/api/v1/team_members/31", json!({ "role": "viewer" }))
        },
        Sample { nowhere: NOWHERE, ..read("remove_team_member", "/api/v1/team_members/31") },
        Sample {
            nowhere: Some("/api/v1/team_members/4242/invite"),
            ..write("invite_team_member_again", "/api/v1/team_members/32/invite", Value::Null)
        },
        Sample {
            nowhere: Some("/api/v1/team_members/4242/password_reset"),
            ..write("reset_password_of_team_member", "/api/v1/team_members/31/password_reset", Value::Null)
        },
    ]
}
