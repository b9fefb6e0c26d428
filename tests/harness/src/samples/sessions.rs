//! A person's own credentials.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shared::{
    clock::Millis,
    domain::{
        org::{Role, User, UserStatus},
        second_factor::{SecondFactor, code_at, seal_record},
        ticket::{Place, Ticket, TicketKind},
    },
    ids::UserId,
    repo::{members, second_factors},
    store,
};

use super::{Sample, read, write};
use crate::{Caller, PASSWORD, TestApp};

/// The secret of the second factors here.
const SECRET: &str = "0123456789abcdefghijklmnopq";

pub fn samples(house: &TestApp) -> [Sample; 10] {
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
        read("get_second_factor", "/api/v1/second_factor"),
        write("begin_second_factor", "/api/v1/second_factor", Value::Null),
        Sample {
            required: &["code"],
            wrong: vec![("code", json!({})), ("code", json!("1".repeat(41)))],
            ..write("confirm_second_factor", "/api/v1/second_factor/confirm", code(house))
        },
        Sample {
            wrong: vec![("password", json!({})), ("code", json!([1]))],
            ..write("delete_second_factor", "/api/v1/second_factor", json!({ "password": PASSWORD }))
        },
    ]
}

/// The code of the second factor that is good now.
pub fn code(house: &TestApp) -> Value {
    json!({ "code": code_at(&SECRET.into(), house.app.now()) })
}

/// What is done with a ticket, which asks for no credential: member 33, who was invited, and 34, who has forgotten the password.
pub async fn tickets(house: &TestApp) -> [Sample; 3] {
    let [invitation, reset] = [
        (33, TicketKind::Invitation, UserStatus::Invited),
        (34, TicketKind::PasswordReset, UserStatus::Active),
    ]
    .map(|(id, kind, status)| {
        let (tenant, user_id) = (house.acme.key.tenant, UserId::from_u64(id).unwrap());
        let (place, by) = (Place { kind, tenant, user_id }, Some(house.acme.key.user_id));
        let (ticket, text) = Ticket::issue(place, by, &*house.ids, house.app.now());
        let email = format!("member-{id}@example.com");
        let user = User::new(user_id, tenant, email, Role::Editor, house.app.now());
        (User { status, ticket: Some(ticket), ..user }, text.expose_secret().to_owned())
    });
    for (user, _) in [&invitation, &reset] {
        let writes = house.app.repos(user.tenant).members().insert(user).unwrap();
        store::apply(&*house.app.store, writes).await.unwrap();
    }
    let with = |token: String| json!({ "token": token, "password": PASSWORD });
    [
        write("accept_invitation", "/api/v1/invitations/accept", with(invitation.1)),
        write("request_password_reset", "/api/v1/password_resets", json!({ "email": reset.0.email })),
        write("confirm_password_reset", "/api/v1/password_resets/confirm", with(reset.1)),
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

/// Somebody new, logged in: whose key was not shown yet, whose new password hinders nobody else, and whose second factor is as far
/// as the operation expects it.
pub async fn caller(house: &TestApp, operation: &str) -> Caller {
    let caller = house.user(&house.acme, Role::Editor).await;
    match operation {
        "confirm_second_factor" => second_factor(house, &caller, false).await,
        "get_second_factor" | "delete_second_factor" => second_factor(house, &caller, true).await,
        _ => {}
    }
    caller
}

/// Gives somebody the second factor of the samples.
pub async fn second_factor(house: &TestApp, caller: &Caller, confirmed: bool) {
    let user = house.stored_user(caller).await;
    let (tenant, secret, now) = (user.tenant, SECRET.into(), house.app.now());
    let sealed = house.app.sealer.seal(tenant, &seal_record(user.id), &secret).await.unwrap();
    let begun = SecondFactor::begun(sealed, None);
    let mut writes = vec![second_factors::put(tenant, user.id, &begun).unwrap()];
    if confirmed {
        let last = Millis(now.0 - 3_600_000);
        let (factor, _) = begun.confirmed(&secret, &code_at(&secret, last), &*house.ids, last).unwrap();
        writes = vec![second_factors::put(tenant, user.id, &SecondFactor { v: 1, ..factor }).unwrap()];
        let with = User { second_factor: true, ..user.clone() };
        writes.push(members::change(&user, &with).unwrap());
    }
    store::apply(&*house.app.store, writes).await.unwrap();
}
