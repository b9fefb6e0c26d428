//! Sessions: opened, believed, renewed, ended.

use secrecy::ExposeSecret;

use super::{HOUR, MINUTE, SECOND, refusal};
use crate::{
    accounts::{NewOrganization, NewUser, Presented, SessionToken},
    domain::{
        api_key::hex,
        org::{Role, User},
        principal::Credential,
        session::{SESSION_LIFE, TOKEN_LIFE},
    },
    error::ErrorKind,
    repo::{
        orgs,
        sessions::{self, Found},
    },
    testing::house::{House, PASSWORD},
};

const ENDED: (ErrorKind, &str) = (ErrorKind::CredentialRejected, "invalid_session");

async fn with_acme() -> (House, NewOrganization) {
    let house = House::new();
    let acme = house.acme().await;
    (house, acme)
}

async fn open(house: &House, user: &User) -> (SessionToken, Presented) {
    let token = house.app.accounts().open_session(user).await.unwrap();
    let presented = house.app.accounts().verify_session(token.text.expose_secret()).await.unwrap();
    (token, presented)
}

#[tokio::test]
async fn a_token_acts_as_its_user_in_the_role_of_now() {
    let (house, acme) = with_acme().await;
    let (token, presented) = open(&house, &acme.admin).await;
    let group = orgs::groups(house.store(), acme.admin.tenant).await.unwrap().remove(0);
    let principal = presented.principal();
    assert_eq!((principal.tenant, principal.user_id), (acme.admin.tenant, acme.admin.id));
    assert_eq!((principal.username.as_str(), principal.group_id), ("jane@acme.example", group.id));
    assert_eq!((&principal.scopes, principal.expires_at), (&acme.admin.role.scopes(), None));
    let place = presented.place();
    assert_eq!(principal.credential, Credential::Session(place.id));
    assert_eq!(principal.counted_as(), acme.admin.id.untyped(), "all sessions of a user together");
    assert_eq!(token.expires_at, house.now().plus(TOKEN_LIFE));
    assert_eq!(presented.expires_at, token.expires_at);

    let Found { session, user, .. } = sessions::find(house.store(), &place).await.unwrap().unwrap();
    assert_eq!(user, acme.admin);
    assert_eq!((session.created_at, session.ends_at), (house.now(), house.now().plus(SESSION_LIFE)));
    assert_eq!(session.signing_key.len(), 43);
    assert_eq!(session.jti_hash.len(), hex(&[0; 32]).len());
    assert_eq!(
        house.app.accounts().authenticate(token.text.expose_secret()).await.unwrap().principal,
        principal
    );
}

#[tokio::test]
async fn a_token_ends_at_its_moment() {
    let (house, acme) = with_acme().await;
    let (token, _) = open(&house, &acme.admin).await;
    house.advance(TOKEN_LIFE - SECOND);
    assert!(house.app.accounts().verify_session(token.text.expose_secret()).await.is_ok());
    house.advance(SECOND);
    assert_eq!(refusal(house.app.accounts().verify_session(token.text.expose_secret()).await), ENDED);
}

#[tokio::test]
async fn a_token_is_renewed_in_the_second_half_of_its_life() {
    let (house, acme) = with_acme().await;
    let (old, presented) = open(&house, &acme.admin).await;
    house.advance(TOKEN_LIFE / 2 - SECOND);
    assert!(house.app.accounts().renew(&presented).unwrap().is_none());
    house.advance(SECOND);
    let new = house.app.accounts().renew(&presented).unwrap().unwrap();
    assert_eq!(new.expires_at, house.now().plus(TOKEN_LIFE));
    assert_eq!(new.csrf_token, old.csrf_token, "the same for as long as the session lives");
    house.advance(TOKEN_LIFE / 2);
    assert!(house.app.accounts().verify_session(old.text.expose_secret()).await.is_err());
    let renewed = house.app.accounts().verify_session(new.text.expose_secret()).await.unwrap();
    assert_eq!(renewed.place(), presented.place());
}

#[tokio::test]
async fn a_session_ends_twelve_hours_after_its_login_however_busy() {
    let (house, acme) = with_acme().await;
    let (mut token, _) = open(&house, &acme.admin).await;
    let ends = house.now().plus(SESSION_LIFE);
    while token.expires_at < ends {
        house.advance(HOUR * 3 / 4);
        let presented = house.app.accounts().verify_session(token.text.expose_secret()).await.unwrap();
        token = house.app.accounts().renew(&presented).unwrap().unwrap();
        assert!(token.expires_at <= ends);
    }
    house.advance(ends.since(house.now()) - SECOND);
    let presented = house.app.accounts().verify_session(token.text.expose_secret()).await.unwrap();
    assert!(
        house.app.accounts().renew(&presented).unwrap().is_none(),
        "nothing lies beyond the session's end"
    );
    house.advance(SECOND);
    assert_eq!(refusal(house.app.accounts().verify_session(token.text.expose_secret()).await), ENDED);
}

#[tokio::test]
async fn a_session_is_believed_for_a_minute_by_an_instance_that_knows_it_and_by_no_other() {
    let (house, acme) = with_acme().await;
    let (token, presented) = open(&house, &acme.admin).await;
    let text = token.text.expose_secret();
    assert_eq!(house.store_calls(house.app.accounts().verify_session(text)).await.1, 0);
    house.store().write(sessions::delete(&presented.place())).await.unwrap();
    assert_eq!(refusal(house.another_instance().accounts().verify_session(text).await), ENDED);
    house.advance(MINUTE - SECOND);
    assert!(house.app.accounts().verify_session(text).await.is_ok());
    house.advance(SECOND);
    assert_eq!(refusal(house.app.accounts().verify_session(text).await), ENDED);
}

#[tokio::test]
async fn a_session_that_was_just_ended_is_looked_up_anew() {
    let (house, acme) = with_acme().await;
    let (token, presented) = open(&house, &acme.admin).await;
    house.store().write(sessions::delete(&presented.place())).await.unwrap();
    house.app.accounts().forget_session(&presented.place());
    assert_eq!(refusal(house.app.accounts().verify_session(token.text.expose_secret()).await), ENDED);
}

#[tokio::test]
async fn only_the_sessions_of_the_user_who_changed_are_looked_up_anew() {
    let (house, acme) = with_acme().await;
    let rival = house
        .app
        .accounts()
        .create_organization("Rival", "joe@rival.example", &PASSWORD.into())
        .await
        .unwrap();
    let wish = NewUser { email: "ann@acme.example".into(), role: Role::Viewer, password: PASSWORD.into() };
    let ann = house.app.accounts().create_user(acme.admin.tenant, wish).await.unwrap();
    // The same number in another organization is another user.
    let namesake = User { tenant: acme.admin.tenant, ..rival.admin.clone() };
    let mut tokens = Vec::new();
    for user in [&acme.admin, &acme.admin, &ann, &rival.admin] {
        tokens.push(open(&house, user).await.0);
    }
    let looked_up = async || {
        let mut calls = Vec::new();
        for token in &tokens {
            let (known, spent) =
                house.store_calls(house.app.accounts().verify_session(token.text.expose_secret())).await;
            assert!(known.is_ok());
            calls.push(spent > 0);
        }
        calls
    };
    house.app.accounts().forget_sessions_of(&acme.admin);
    assert_eq!(looked_up().await, [true, true, false, false]);
    house.app.accounts().forget_sessions_of(&namesake);
    assert_eq!(looked_up().await, [false; 4]);
}

#[tokio::test]
async fn a_session_of_an_earlier_generation_is_over_and_one_that_was_moved_is_not() {
    let (house, acme) = with_acme().await;
    let (stays, presented) = open(&house, &acme.admin).await;
    let (goes, _) = open(&house, &acme.admin).await;
    let writes =
        vec![orgs::set_password(&acme.admin, "$argon2id$…"), sessions::move_to(&presented.place(), 1)];
    house.store().transact(writes).await.unwrap();
    house.app.accounts().forget_sessions_of(&acme.admin);
    assert!(house.app.accounts().verify_session(stays.text.expose_secret()).await.is_ok());
    assert_eq!(refusal(house.app.accounts().verify_session(goes.text.expose_secret()).await), ENDED);
}

#[tokio::test]
async fn a_token_of_the_right_key_with_another_secret_is_refused() {
    let (house, acme) = with_acme().await;
    let (_, presented) = open(&house, &acme.admin).await;
    let Found { session, .. } = sessions::find(house.store(), &presented.place()).await.unwrap().unwrap();
    // What somebody who has read the store could make of it.
    let claims = crate::accounts::tokens::Claims {
        sub: session.user_id.to_string(),
        jti: session.jti_hash.clone(),
        iat: house.now().seconds(),
        exp: house.now().seconds() + 60,
    };
    let forged = crate::accounts::tokens::sign(&session.place(), &session.signing_key, &claims).unwrap();
    assert_eq!(refusal(house.app.accounts().verify_session(&forged).await), ENDED);
}

#[tokio::test]
async fn what_is_no_token_costs_no_read() {
    let (house, _) = with_acme().await;
    for text in ["a.b.c", "", "btn_live_x"] {
        let (refused, calls) = house.store_calls(house.app.accounts().verify_session(text)).await;
        assert_eq!((refusal(refused), calls), (ENDED, 0), "{text}");
    }
}

#[tokio::test]
async fn the_token_against_forged_requests_belongs_to_one_session() {
    let (house, acme) = with_acme().await;
    let (ours, presented) = open(&house, &acme.admin).await;
    let (theirs, other) = open(&house, &acme.admin).await;
    assert_eq!(presented.csrf_token(), ours.csrf_token);
    assert!(presented.has_csrf_token(&ours.csrf_token));
    assert!(!presented.has_csrf_token(&theirs.csrf_token) && !other.has_csrf_token(&ours.csrf_token));
    for text in ["", "x", &ours.csrf_token[1..], ours.text.expose_secret()] {
        assert!(!presented.has_csrf_token(text), "{text}");
    }
    assert_eq!(ours.csrf_token.len(), 43, "256 bits in base 64");
}

#[tokio::test]
async fn an_ended_session_is_believed_no_longer_because_the_clock_was_set_back() {
    let (house, acme) = with_acme().await;
    let (token, presented) = open(&house, &acme.admin).await;
    let text = token.text.expose_secret();
    let here = house.another_instance();
    here.accounts().verify_session(text).await.unwrap();
    house.store().write(sessions::delete(&presented.place())).await.unwrap();
    assert!(here.accounts().verify_session(text).await.is_ok(), "for a minute it is believed");
    house.clock.set_back(HOUR);
    assert_eq!(refusal(here.accounts().verify_session(text).await), ENDED);
}
