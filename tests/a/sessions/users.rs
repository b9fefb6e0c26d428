//! Users, and what their roles make of them.

use shared::{
    accounts::{NewKey, NewUser},
    domain::org::Role,
    error::ErrorKind,
    repo::orgs,
};

use harness::{PASSWORD, TestApp};

fn wish(email: &str, password: &str) -> NewUser {
    NewUser { email: email.into(), role: Role::Editor, password: password.into() }
}

#[tokio::test]
async fn an_address_belongs_to_one_user_of_one_organization() {
    let house = TestApp::new().await;
    for taken in ["jane@acme.example", "Joe@Rival.example"] {
        let refused =
            house.app.accounts().create_user(house.acme.key.tenant, wish(taken, PASSWORD)).await.unwrap_err();
        assert_eq!((refused.kind, refused.code), (ErrorKind::Conflict, "email_taken"), "{taken}");
    }
    let made = house
        .app
        .accounts()
        .create_user(house.acme.key.tenant, wish("ed@acme.example", PASSWORD))
        .await
        .unwrap();
    let found = orgs::user_by_email(&*house.app.store, "ed@acme.example").await.unwrap().unwrap();
    assert_eq!(found, made);
}

#[tokio::test]
async fn what_a_user_cannot_be_is_refused() {
    let house = TestApp::new().await;
    for (email, password, field) in [
        ("ed", PASSWORD, "email"),
        ("ed@acme.example", "seven77", "password"),
        ("ed@acme.example", "", "password"),
    ] {
        let refused =
            house.app.accounts().create_user(house.acme.key.tenant, wish(email, password)).await.unwrap_err();
        assert!(refused.by_field().contains_key(field), "{email} {password}: {refused}");
    }
    let nowhere = shared::tenant::TenantId(4242);
    assert!(house.app.accounts().create_user(nowhere, wish("ed@acme.example", PASSWORD)).await.is_err());
}

#[tokio::test]
async fn a_key_may_not_do_more_than_its_user() {
    let house = TestApp::new().await;
    let viewer = house.user(&house.acme, Role::Viewer).await;
    let user = house.stored_user(&viewer).await;
    let scopes = |scopes: &[&str]| NewKey {
        scopes: scopes.iter().map(|&scope| scope.into()).collect(),
        ..NewKey::default()
    };
    for (wanted, granted) in [
        (&[][..], true),
        (&["payloads:read"], true),
        (&["*:read"], true),
        (&["payloads:read", "payloads:write"], false),
        (&["*"], false),
        (&["*:write"], false),
    ] {
        let made = house.app.accounts().create_key(&user, scopes(wanted)).await;
        assert_eq!(made.is_ok(), granted, "{wanted:?}");
    }
    let (key, _) = house.app.accounts().create_key(&user, NewKey::default()).await.unwrap();
    assert_eq!(key.scopes, Role::Viewer.scopes(), "all of the role, and no more");
}

#[tokio::test]
async fn a_reset_ends_every_session() {
    let house = TestApp::new().await;
    let session = house.log_in(&house.acme).await;
    assert_eq!(session.get("/api").await.status, 200);
    let user = house.stored_user(&house.acme).await;
    house.app.accounts().reset_password(&user, &"another one".into()).await.unwrap();
    assert_eq!(session.get("/api").await.status, 403);
    assert!(house.app.accounts().log_in(&user.email, "another one".into(), None).await.is_ok());
    assert!(house.app.accounts().log_in(&user.email, PASSWORD.into(), None).await.is_err());
    let stale = house.app.accounts().reset_password(&user, &"a third one".into()).await.unwrap_err();
    assert_eq!(stale.kind, ErrorKind::Conflict, "somebody else was quicker");
}
