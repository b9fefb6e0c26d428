//! Organizations and users.

use secrecy::{ExposeSecret, SecretString};

use super::{fields, refusal};
use crate::{
    accounts::{MAX_PASSWORD, MIN_PASSWORD, NewUser, check_new_password},
    domain::{
        api_key::{self, ApiKey},
        org::Role,
    },
    error::ErrorKind,
    repo::orgs,
    testing::{
        Plan,
        house::{House, PASSWORD},
    },
};

const TAKEN: (ErrorKind, &str) = (ErrorKind::Conflict, "email_taken");

fn password() -> SecretString {
    PASSWORD.into()
}

#[test]
fn a_password_has_eight_to_a_thousand_characters() {
    for (length, fits) in [
        (0, false),
        (MIN_PASSWORD - 1, false),
        (MIN_PASSWORD, true),
        (MAX_PASSWORD, true),
        (MAX_PASSWORD + 1, false),
    ] {
        // Characters, not bytes.
        assert_eq!(check_new_password(&"é".repeat(length).into()).is_ok(), fits, "{length}");
    }
    assert_eq!(check_new_password(&"".into()), Err("must have 8 to 1000 characters".into()));
}

#[tokio::test]
async fn an_organization_comes_with_its_admin_a_group_and_a_key() {
    let house = House::new();
    let made =
        house.app.accounts().create_organization(" Acme ", "Jane@Acme.example", &password()).await.unwrap();
    let tenant = made.organization.id;
    assert_eq!((made.organization.name.as_str(), made.organization.created_at), ("Acme", house.now()));
    assert_eq!(orgs::organization(house.store(), tenant).await.unwrap().as_ref(), Some(&made.organization));
    assert_eq!(orgs::user(house.store(), tenant, made.admin.id).await.unwrap().as_ref(), Some(&made.admin));
    assert_eq!((made.admin.email.as_str(), made.admin.role), ("jane@acme.example", Role::Admin));
    assert_eq!(made.admin.api_key, Some(api_key::hash_of(&made.api_key)));
    let found = orgs::user_by_email(house.store(), "jane@acme.example").await.unwrap();
    assert_eq!(found.as_ref(), Some(&made.admin));
    let groups = orgs::groups(house.store(), tenant).await.unwrap();
    assert_eq!(groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["Acme"]);
    let caller = house.app.accounts().authenticate(made.api_key.expose_secret()).await.unwrap().principal;
    assert_eq!((caller.tenant, caller.user_id, caller.group_id), (tenant, made.admin.id, groups[0].id));
    assert_eq!(caller.scopes, ["*"]);
}

#[tokio::test]
async fn what_cannot_be_an_organization_is_refused_with_the_field_that_is_wrong() {
    let house = House::new();
    let create = async |name: &str, email: &str, password: &str| {
        house.app.accounts().create_organization(name, email, &password.into()).await
    };
    let email = "jane@acme.example";
    assert_eq!(fields(create("  ", email, PASSWORD).await), ["name"]);
    assert_eq!(fields(create(&"é".repeat(201), email, PASSWORD).await), ["name"]);
    assert_eq!(fields(create("Acme", "jane", PASSWORD).await), ["admin_email"]);
    assert_eq!(fields(create("Acme", email, "short").await), ["admin_password"]);
    create(&"é".repeat(200), email, PASSWORD).await.unwrap();
    assert_eq!(refusal(create("Rival", "JANE@acme.example", PASSWORD).await), TAKEN);
    // Another reason for which nothing was written is not the address.
    house.faults.set(Plan::Throttle { percent: 100, seed: 1 });
    assert_eq!(refusal(create("Rival", "joe@rival.example", PASSWORD).await).0, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_user_comes_with_a_key_that_is_sealed_until_it_is_copied() {
    let house = House::new();
    let acme = house.acme().await;
    let tenant = acme.admin.tenant;
    let wish = |email: &str| NewUser { email: email.into(), role: Role::Approver, password: password() };
    let user = house.app.accounts().create_user(tenant, wish("Ann@acme.example")).await.unwrap();
    assert_eq!((user.email.as_str(), user.role, user.tenant), ("ann@acme.example", Role::Approver, tenant));
    assert_eq!(orgs::user(house.store(), tenant, user.id).await.unwrap().as_ref(), Some(&user));
    let key = orgs::key(house.store(), user.api_key.as_ref().unwrap()).await.unwrap().unwrap();
    assert_eq!((key.user_id, &key.scopes), (user.id, &Role::Approver.scopes()));
    let sealed = key.sealed_text.as_ref().unwrap();
    let text = house.app.sealer.open(tenant, &ApiKey::seal_record(key.id), sealed).await.unwrap();
    assert_eq!(
        house.app.accounts().authenticate(text.expose_secret()).await.unwrap().principal.user_id,
        user.id
    );

    assert_eq!(refusal(house.app.accounts().create_user(tenant, wish("ann@ACME.example")).await), TAKEN);
    assert_eq!(fields(house.app.accounts().create_user(tenant, wish("ann")).await), ["email"]);
    let short = NewUser { password: "short".into(), ..wish("bob@acme.example") };
    assert_eq!(fields(house.app.accounts().create_user(tenant, short).await), ["password"]);
}

#[tokio::test]
async fn a_new_password_works_and_ends_what_was_begun_under_the_old_one() {
    let house = House::new();
    let acme = house.acme().await;
    let session = house.app.accounts().open_session(&acme.admin).await.unwrap();
    let session = session.text.expose_secret();
    assert!(house.app.accounts().authenticate(session).await.unwrap().session.is_some());
    assert_eq!(fields(house.app.accounts().reset_password(&acme.admin, &"short".into()).await), ["password"]);
    house.app.accounts().reset_password(&acme.admin, &"another horse".into()).await.unwrap();
    assert_eq!(
        refusal(house.app.accounts().authenticate(session).await),
        (ErrorKind::CredentialRejected, "invalid_session")
    );
    let log_in =
        async |password: &str| house.app.accounts().log_in("jane@acme.example", password.into(), None).await;
    assert_eq!(refusal(log_in(PASSWORD).await), (ErrorKind::CredentialRejected, "invalid_login"));
    let (user, _) = log_in("another horse").await.unwrap();
    assert_eq!(user.generation, acme.admin.generation + 1);
    assert!(
        house.app.accounts().reset_password(&acme.admin, &"a third horse".into()).await.is_err(),
        "changed meanwhile"
    );
}
