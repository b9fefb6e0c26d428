//! API keys: made, believed, ended.

use secrecy::ExposeSecret;

use super::{MINUTE, SECOND, fields, refusal};
use crate::{
    accounts::{NewKey, NewOrganization, NewUser},
    domain::{
        api_key::{self, ApiKey, Retirement, Terms},
        dialect::Letter,
        org::{Role, User},
        principal::Credential,
    },
    error::ErrorKind,
    repo::orgs,
    testing::house::{House, PASSWORD},
};

const REJECTED: (ErrorKind, &str) = (ErrorKind::CredentialRejected, "invalid_api_key");

async fn with_acme() -> (House, NewOrganization) {
    let house = House::new();
    let acme = house.acme().await;
    (house, acme)
}

async fn of_role(house: &House, acme: &NewOrganization, role: Role) -> User {
    let wish = NewUser { email: format!("{}@acme.example", role.as_str()), role, password: PASSWORD.into() };
    house.app.accounts().create_user(acme.admin.tenant, wish).await.unwrap()
}

#[tokio::test]
async fn a_key_acts_as_the_user_it_was_made_for() {
    let (house, acme) = with_acme().await;
    let wish = NewKey {
        name: "n8n".into(),
        expires_at: Some(house.now().plus(MINUTE)),
        scopes: vec!["payloads:read".into()],
        dialect: Some(Letter::D),
        ..NewKey::default()
    };
    let (key, text) = house.app.accounts().create_key(&acme.admin, wish).await.unwrap();
    let group = &orgs::groups(house.store(), acme.admin.tenant).await.unwrap()[0];
    let text = text.expose_secret();
    assert_eq!(orgs::key(house.store(), &key.hash).await.unwrap().as_ref(), Some(&key));
    assert_eq!((key.tenant, key.user_id, key.group_id), (acme.admin.tenant, acme.admin.id, group.id));
    assert_eq!((key.name.as_str(), key.created_at, key.revoked_at), ("n8n", house.now(), None));
    assert_eq!((key.last4.len(), text.ends_with(&key.last4)), (4, true));
    assert_eq!(key.redacted(), format!("btn_live_…{}", &text[text.len() - 4..]));

    let found = house.app.accounts().authenticate(text).await.unwrap();
    assert!(found.session.is_none());
    let principal = &found.principal;
    assert_eq!((principal.tenant, principal.user_id), (acme.admin.tenant, acme.admin.id));
    assert_eq!((principal.username.as_str(), principal.group_id), ("jane@acme.example", group.id));
    assert_eq!(
        (principal.scopes.as_slice(), principal.dialect),
        (&["payloads:read".into()][..], Some(Letter::D))
    );
    assert_eq!(principal.credential, Credential::ApiKey(key.id));
    assert_eq!(principal.expires_at, key.expires_at);
    assert_eq!(principal.counted_as(), key.id.untyped());
    assert!(principal.allows("payloads:read") && !principal.allows("payloads:write"));
}

#[tokio::test]
async fn a_key_can_do_no_more_than_the_role_of_its_user() {
    let (house, acme) = with_acme().await;
    let viewer = of_role(&house, &acme, Role::Viewer).await;
    let wish = |scopes: &[&str]| NewKey {
        scopes: scopes.iter().map(|&scope| scope.into()).collect(),
        ..NewKey::default()
    };
    let (all, _) = house.app.accounts().create_key(&viewer, wish(&[])).await.unwrap();
    assert_eq!((all.scopes, all.name.as_str()), (vec!["*:read".to_owned()], "default"));
    let (one, _) = house.app.accounts().create_key(&viewer, wish(&["payloads:read"])).await.unwrap();
    assert_eq!(one.scopes, ["payloads:read"]);
    for beyond in [&["payloads:write"][..], &["payloads:read", "reviews:decide"], &["*"]] {
        assert_eq!(
            fields(house.app.accounts().create_key(&viewer, wish(beyond)).await),
            ["scope"],
            "{beyond:?}"
        );
    }
    let keys = orgs::keys(house.store(), acme.admin.tenant).await.unwrap();
    assert_eq!(keys.len(), 4, "the admin's, the viewer's own and the two");
}

#[tokio::test]
async fn a_typo_costs_no_read_and_an_unknown_key_one() {
    let (house, acme) = with_acme().await;
    let text = acme.api_key.expose_secret();
    let (refused, calls) =
        house.store_calls(house.app.accounts().authenticate(&text[..text.len() - 1])).await;
    assert_eq!((refusal(refused), calls), (REJECTED, 0));
    let unknown = api_key::generate(&*house.app.ids);
    let (refused, calls) =
        house.store_calls(house.app.accounts().authenticate(unknown.expose_secret())).await;
    assert_eq!((refusal(refused), calls), (REJECTED, 1));
}

#[tokio::test]
async fn a_revoked_key_is_believed_for_a_minute_by_an_instance_that_knows_it_and_by_no_other() {
    let (house, acme) = with_acme().await;
    let text = acme.api_key.expose_secret();
    assert_eq!(house.store_calls(house.app.accounts().authenticate(text)).await.1, 2, "the key, its user");
    assert_eq!(house.store_calls(house.app.accounts().authenticate(text)).await.1, 0);
    let hash = api_key::hash_of(&acme.api_key);
    orgs::revoke_key(house.store(), &hash, house.now()).await.unwrap();
    assert_eq!(refusal(house.another_instance().accounts().authenticate(text).await), REJECTED);
    house.advance(MINUTE - SECOND);
    assert!(house.app.accounts().authenticate(text).await.is_ok());
    house.advance(SECOND);
    assert_eq!(refusal(house.app.accounts().authenticate(text).await), REJECTED);
}

#[tokio::test]
async fn a_key_that_was_just_changed_is_looked_up_anew() {
    let (house, acme) = with_acme().await;
    let text = acme.api_key.expose_secret();
    assert!(house.app.accounts().authenticate(text).await.is_ok());
    let key = orgs::key(house.store(), &api_key::hash_of(&acme.api_key)).await.unwrap().unwrap();
    orgs::revoke_key(house.store(), &key.hash, house.now()).await.unwrap();
    house.app.accounts().forget_key(&key);
    assert_eq!(refusal(house.app.accounts().authenticate(text).await), REJECTED);
}

#[tokio::test]
async fn a_key_runs_out_at_its_moment_however_lately_it_was_looked_up() {
    let (house, acme) = with_acme().await;
    let wish = NewKey { expires_at: Some(house.now().plus(SECOND * 10)), ..NewKey::default() };
    let (_, text) = house.app.accounts().create_key(&acme.admin, wish).await.unwrap();
    let text = text.expose_secret();
    house.advance(SECOND * 9);
    assert!(house.app.accounts().authenticate(text).await.is_ok());
    house.advance(SECOND);
    assert_eq!(refusal(house.app.accounts().authenticate(text).await), REJECTED);
}

#[tokio::test]
async fn a_drafted_key_works_from_the_moment_that_it_is_written() {
    let (house, acme) = with_acme().await;
    let caller = house.app.accounts().authenticate(acme.api_key.expose_secret()).await.unwrap().principal;
    let wish = NewKey { name: "n8n".into(), scopes: vec!["*:read".into()], ..NewKey::default() };
    let (draft, text) = house.app.accounts().draft_key(&caller, wish);
    assert_eq!(refusal(house.app.accounts().authenticate(text.expose_secret()).await), REJECTED);
    house.store().write(orgs::insert_key(&draft).unwrap()).await.unwrap();
    let made = house.app.accounts().authenticate(text.expose_secret()).await.unwrap().principal;
    assert_eq!((made.tenant, made.user_id, made.group_id), (caller.tenant, caller.user_id, caller.group_id));
    assert_eq!((&made.username, &made.scopes[..]), (&caller.username, &["*:read".to_owned()][..]));
}

#[tokio::test]
async fn a_regenerated_key_takes_the_place_of_the_old_one() {
    let (house, acme) = with_acme().await;
    let old = orgs::key(house.store(), &api_key::hash_of(&acme.api_key)).await.unwrap().unwrap();
    let old = ApiKey { name: "mine".into(), ..old };
    let (new, text, writes) =
        house.app.accounts().regenerate_personal_key(&acme.admin, Some(&old)).await.unwrap();
    assert_eq!((new.name.as_str(), new.group_id, &new.scopes), ("mine", old.group_id, &old.scopes));
    house.store().transact(writes.clone()).await.unwrap();
    assert!(house.app.accounts().authenticate(text.expose_secret()).await.is_ok());
    assert_eq!(refusal(house.app.accounts().authenticate(acme.api_key.expose_secret()).await), REJECTED);
    let user = orgs::user(house.store(), acme.admin.tenant, acme.admin.id).await.unwrap().unwrap();
    assert_eq!(user.api_key, Some(new.hash));
    assert!(house.store().transact(writes).await.is_err(), "somebody was quicker");
}

#[tokio::test]
async fn a_user_without_a_personal_key_gets_one() {
    let (house, acme) = with_acme().await;
    let group = orgs::groups(house.store(), acme.admin.tenant).await.unwrap().remove(0);
    let (new, _, writes) = house.app.accounts().regenerate_personal_key(&acme.admin, None).await.unwrap();
    assert_eq!((new.name.as_str(), new.group_id), ("default", group.id));
    assert_eq!(writes.len(), 2, "the user and the new key, and no old one");
}

#[tokio::test]
async fn a_revoked_key_is_believed_no_longer_because_the_clock_was_set_back() {
    let (house, acme) = with_acme().await;
    let text = acme.api_key.expose_secret();
    let here = house.another_instance();
    here.accounts().authenticate(text).await.unwrap();
    orgs::revoke_key(house.store(), &api_key::hash(text).unwrap(), house.now()).await.unwrap();
    assert!(here.accounts().authenticate(text).await.is_ok(), "for a minute it is believed");
    house.clock.set_back(MINUTE * 60);
    assert_eq!(refusal(here.accounts().authenticate(text).await), REJECTED, "it is looked up anew");
    // Nor by a clock that goes back and forth.
    let there = house.another_instance();
    house.clock.set_back(SECOND);
    assert_eq!(refusal(there.accounts().authenticate(text).await), REJECTED);
}

#[tokio::test]
async fn the_terms_of_a_key_are_those_of_whoever_calls_with_it() {
    let (house, acme) = with_acme().await;
    let terms = Terms {
        allowed_ips: vec![api_key::network("203.0.113.0/24").unwrap()],
        rate_limit_per_hour: Some(100),
        ..Terms::default()
    };
    let group_id = Some(house.app.id());
    let wish = NewKey { terms: terms.clone(), group_id, ..NewKey::default() };
    let (key, text) = house.app.accounts().create_key(&acme.admin, wish).await.unwrap();
    let stored = orgs::key(house.store(), &key.hash).await.unwrap().unwrap();
    assert_eq!((&stored.terms, Some(stored.group_id)), (&terms, group_id));
    let caller = house.app.accounts().authenticate(text.expose_secret()).await.unwrap().principal;
    assert_eq!((&caller.terms, Some(caller.group_id)), (&terms, group_id));
    assert!(
        house
            .app
            .accounts()
            .authenticate(acme.api_key.expose_secret())
            .await
            .unwrap()
            .principal
            .terms
            .is_free()
    );
}

#[tokio::test]
async fn a_key_that_was_rotated_works_until_it_is_retired() {
    let (house, acme) = with_acme().await;
    let hash = api_key::hash_of(&acme.api_key);
    let key = orgs::key(house.store(), &hash).await.unwrap().unwrap();
    let keys = house.store().for_tenant(key.tenant).api_keys();
    let retirement = Retirement { successor: house.app.id(), at: house.now().plus(SECOND * 10) };
    house.store().write(keys.retire(&key, retirement).unwrap()).await.unwrap();
    let text = acme.api_key.expose_secret();
    house.advance(SECOND * 9);
    let caller = house.app.accounts().authenticate(text).await.unwrap().principal;
    assert_eq!(caller.expires_at, Some(retirement.at), "what is made with it ends with it");
    house.advance(SECOND);
    assert_eq!(refusal(house.app.accounts().authenticate(text).await), REJECTED);
}
