//! A person's own credentials.

use serde_json::{Value, json};
use shared::domain::org::Role;

use super::{Sample, read, write};
use crate::{Caller, PASSWORD, TestApp};

pub fn samples() -> [Sample; 6] {
    [
        read("verify_session", "/api/v1/admin/verify"),
        write("log_out", "/api/auth/logout", Value::Null),
        Sample {
            required: &["current_password", "new_password"],
            wrong: vec![
                ("current_password", json!({})),
                ("current_password", json!("p".repeat(1001))),
                ("new_password", json!("seven77")),
                ("new_password", json!(["a better staple"])),
            ],
            ..write(
                "change_password",
                "/api/user/password",
                json!({ "current_password": PASSWORD, "new_password": "a better staple" }),
            )
        },
        read("get_own_api_key", "/api/user/api-key"),
        write("copy_own_api_key", "/api/user/api-key/copy", Value::Null),
        write("regenerate_own_api_key", "/api/user/api-key/regenerate", Value::Null),
    ]
}

/// The logins, which ask for no credential.
pub fn logins(house: &TestApp) -> [Sample; 3] {
    let body = json!({ "username": house.acme.key.username, "password": PASSWORD });
    [
        ("admin_login", "/api/v1/admin/login"),
        ("create_admin_session", "/api/v1/sessions/admin"),
        ("log_in", "/api/v1/auth/login"),
    ]
    .map(|(operation, path)| write(operation, path, body.clone()))
}

/// Somebody new, logged in: whose key was not shown yet, and whose new password hinders nobody else.
pub async fn caller(house: &TestApp) -> Caller {
    house.user(&house.acme, Role::Editor).await
}
