//! Who there is, and whose key it is.

use std::time::Duration;

use crate::{
    accounts::{NewKey, NewOrganization},
    domain::{
        api_key::{ApiKey, Retirement},
        org::User,
    },
    ids::{EntityId, GroupId, Id},
    repo::{orgs, pages::Asked},
    store::{Change, StoreError, Write},
    tenant::TenantId,
    testing::house::House,
};

const NOBODY: TenantId = TenantId(9);

async fn with_acme() -> (House, NewOrganization) {
    let house = House::new();
    let acme = house.acme().await;
    (house, acme)
}

async fn key_of(house: &House, user: &User) -> ApiKey {
    orgs::key(house.store(), user.api_key.as_ref().unwrap()).await.unwrap().unwrap()
}

async fn write(house: &House, write: Write) -> bool {
    match house.store().write(write).await {
        Ok(_) => true,
        Err(StoreError::ConditionFailed(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn people_are_found_by_id_and_by_address_and_only_where_they_are() {
    let (house, acme) = with_acme().await;
    let (store, tenant, admin) = (house.store(), acme.admin.tenant, &acme.admin);
    assert_eq!(orgs::organization(store, tenant).await.unwrap().as_ref(), Some(&acme.organization));
    assert_eq!(orgs::organization(store, NOBODY).await.unwrap(), None);
    assert_eq!(orgs::user(store, tenant, admin.id).await.unwrap().as_ref(), Some(admin));
    assert_eq!(orgs::user(store, NOBODY, admin.id).await.unwrap(), None);
    assert_eq!(orgs::user_by_email(store, &admin.email).await.unwrap().as_ref(), Some(admin));
    assert_eq!(orgs::user_by_email(store, "joe@acme.example").await.unwrap(), None);

    let groups = orgs::groups(store, tenant).await.unwrap();
    assert_eq!((groups.len(), groups[0].name.as_str()), (1, "Acme"));
    assert_eq!(orgs::group(store, tenant, groups[0].id).await.unwrap().as_ref(), Some(&groups[0]));
    assert_eq!(orgs::group(store, tenant, GroupId::of(Id::SMALLEST)).await.unwrap(), None);
    assert_eq!(orgs::group(store, NOBODY, groups[0].id).await.unwrap(), None);
    assert_eq!(orgs::groups(store, NOBODY).await.unwrap(), []);
}

#[tokio::test]
async fn somebody_who_logs_in_costs_two_reads_whether_he_is_there_or_not() {
    let (house, acme) = with_acme().await;
    let known = house.store_calls(orgs::login_candidate(house.store(), &acme.admin.email)).await;
    assert_eq!((known.0.unwrap(), known.1), (Some(acme.admin), 2));
    let unknown = house.store_calls(orgs::login_candidate(house.store(), "joe@acme.example")).await;
    assert_eq!((unknown.0.unwrap(), unknown.1), (None, 2));
}

#[tokio::test]
async fn an_address_has_one_owner() {
    let (house, acme) = with_acme().await;
    let (second, _) = house.app.accounts().create_key(&acme.admin, NewKey::default()).await.unwrap();
    let namesake = User { id: house.app.id(), tenant: NOBODY, ..acme.admin.clone() };
    let writes = orgs::create_user(&namesake, &ApiKey { tenant: NOBODY, ..second }).unwrap();
    let error = house.store().transact(writes).await.unwrap_err();
    assert!(error.refused_by(orgs::EMAIL).is_some(), "{error}");
    assert_eq!(orgs::user(house.store(), NOBODY, namesake.id).await.unwrap(), None);
}

#[tokio::test]
async fn all_keys_of_an_organization_are_listed_oldest_first_however_many_there_are() {
    let (house, acme) = with_acme().await;
    let mut made = vec![key_of(&house, &acme.admin).await];
    // More than a page.
    for _ in 0..120 {
        made.push(house.app.accounts().create_key(&acme.admin, NewKey::default()).await.unwrap().0);
    }
    assert_eq!(orgs::keys(house.store(), acme.admin.tenant).await.unwrap(), made);
    assert_eq!(orgs::keys(house.store(), NOBODY).await.unwrap(), []);
    assert!(!write(&house, orgs::insert_key(&made[0]).unwrap()).await, "a key is written once");
}

#[tokio::test]
async fn a_key_that_ends_says_when_and_lets_go_of_its_text() {
    let (house, acme) = with_acme().await;
    let key = key_of(&house, &acme.admin).await;
    let sealed = Change::set("sealed_text", "sealed");
    let seal = Write::update(
        crate::store::Key::global(crate::store::Global::ApiKey, key.hash.as_str()),
        vec![sealed],
    );
    house.store().write(seal.clone()).await.unwrap();
    orgs::revoke_key(house.store(), &key.hash, house.now()).await.unwrap();
    let ended = key_of(&house, &acme.admin).await;
    assert_eq!(ended, ApiKey { revoked_at: Some(house.now()), ..key.clone() });
    let unknown = crate::domain::api_key::hash_of(&"btn_live_x".into());
    assert!(orgs::revoke_key(house.store(), &unknown, house.now()).await.is_err());
    assert_eq!(orgs::key(house.store(), &unknown).await.unwrap(), None);

    assert!(!write(&house, orgs::forget_key_text(&key.hash)).await, "there is none");
    house.store().write(seal).await.unwrap();
    assert!(write(&house, orgs::forget_key_text(&key.hash)).await);
    assert_eq!(key_of(&house, &acme.admin).await.sealed_text, None);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_user_as_he_is() {
    let (house, acme) = with_acme().await;
    let mut user = acme.admin;
    for generation in 1..=3 {
        assert!(write(&house, orgs::set_password(&user, "another")).await);
        assert!(!write(&house, orgs::set_password(&user, "too late")).await, "{generation}");
        user = orgs::user(house.store(), user.tenant, user.id).await.unwrap().unwrap();
        assert_eq!((user.generation, user.password_hash.as_str()), (generation, "another"));
    }
    let nobody = User { tenant: NOBODY, generation: 0, ..user.clone() };
    assert!(!write(&house, orgs::set_password(&nobody, "x")).await, "who is not there is not made");
}

#[tokio::test]
async fn a_user_from_before_there_were_generations_has_the_first() {
    let (house, acme) = with_acme().await;
    let key = crate::store::Key::of(acme.admin.tenant, "user", acme.admin.id.sortable());
    house.store().write(Write::update(key, vec![Change::remove("generation")])).await.unwrap();
    assert!(write(&house, orgs::set_password(&acme.admin, "another")).await);
    let user = orgs::user(house.store(), acme.admin.tenant, acme.admin.id).await.unwrap().unwrap();
    assert_eq!(user.generation, 1);
}

#[tokio::test]
async fn a_personal_key_is_replaced_once_and_the_old_one_ends() {
    let (house, acme) = with_acme().await;
    let old = key_of(&house, &acme.admin).await;
    let caller = crate::domain::principal::Principal::of_key(&old, &acme.admin);
    let (new, _) = house.app.accounts().draft_key(&caller, NewKey::default());
    let writes = orgs::replace_personal_key(&acme.admin, Some(&old), &new).unwrap();
    house.store().transact(writes.clone()).await.unwrap();
    let user = orgs::user(house.store(), acme.admin.tenant, acme.admin.id).await.unwrap().unwrap();
    assert_eq!(user.api_key, Some(new.hash.clone()));
    let ended = orgs::key(house.store(), &old.hash).await.unwrap().unwrap();
    assert_eq!(ended.revoked_at, Some(new.created_at));
    let (third, _) = house.app.accounts().draft_key(&caller, NewKey::default());
    let late = orgs::replace_personal_key(&acme.admin, Some(&old), &third).unwrap();
    assert!(house.store().transact(late).await.unwrap_err().refused_by(orgs::USER).is_some());
    assert_eq!(orgs::replace_personal_key(&user, Some(&ended), &third).unwrap().len(), 2, "it has ended");
}

#[tokio::test]
async fn a_first_personal_key_is_given_to_who_has_none() {
    let (house, acme) = with_acme().await;
    let old = key_of(&house, &acme.admin).await;
    let caller = crate::domain::principal::Principal::of_key(&old, &acme.admin);
    let (new, _) = house.app.accounts().draft_key(&caller, NewKey::default());
    let without = User { api_key: None, ..acme.admin.clone() };
    let writes = orgs::replace_personal_key(&without, None, &new).unwrap();
    assert!(house.store().transact(writes.clone()).await.is_err(), "he has one");
    let key = crate::store::Key::of(acme.admin.tenant, "user", acme.admin.id.sortable());
    house.store().write(Write::update(key, vec![Change::remove("api_key")])).await.unwrap();
    house.store().transact(writes).await.unwrap();
    assert_eq!(key_of(&house, &User { api_key: Some(new.hash.clone()), ..without }).await, new);
}

#[tokio::test]
async fn keys_are_found_by_id_in_their_organization_and_listed_newest_first() {
    let (house, acme) = with_acme().await;
    let first = key_of(&house, &acme.admin).await;
    let mut made = vec![first.clone()];
    for _ in 0..3 {
        made.insert(0, house.app.accounts().create_key(&acme.admin, NewKey::default()).await.unwrap().0);
    }
    let (keys, foreign) =
        (house.store().for_tenant(first.tenant).api_keys(), house.store().for_tenant(NOBODY).api_keys());
    let (found, calls) = house.store_calls(keys.get(made[1].id, house.now())).await;
    assert_eq!((found.unwrap().as_ref(), calls), (Some(&made[1]), 2), "the index, then the key");
    assert_eq!(foreign.get(made[1].id, house.now()).await.unwrap(), None);
    assert_eq!(keys.get(house.app.id(), house.now()).await.unwrap(), None);
    let all = keys.newest(house.now()).await.unwrap();
    assert_eq!((&all.found, all.next), (&made, None));
    let third = made[2].id.untyped();
    for (asked, rows, next) in [
        (Asked::newest(3), &made[..3], Some(third)),
        (Asked::numbered(2, 3).unwrap(), &made[3..], None),
        (Asked::below(third, 3), &made[3..], None),
    ] {
        let page = keys.page(asked, house.now()).await.unwrap();
        assert_eq!((&page.rows.found[..], page.rows.next, page.total), (rows, next, Some(4)), "{asked:?}");
    }
    assert!(foreign.newest(house.now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_is_revoked_once_and_its_record_vanishes_after_a_season() {
    let (house, acme) = with_acme().await;
    let key = key_of(&house, &acme.admin).await;
    let keys = house.store().for_tenant(key.tenant).api_keys();
    assert!(write(&house, keys.revoke(&key, house.now())).await);
    assert!(!write(&house, keys.revoke(&key, house.now())).await, "when it was first revoked stands");
    let stored = house.store().get(&orgs::key_key(&key.hash)).await.unwrap().unwrap();
    let season = Duration::from_secs(90 * 86_400);
    assert_eq!(stored.attrs().unwrap()["ttl"], house.now().plus(season).seconds());
    let retirement = Retirement { successor: house.app.id(), at: house.now() };
    assert!(!write(&house, keys.retire(&key, retirement).unwrap()).await, "it has ended");

    let expires_at = Some(house.now().plus(season));
    let (expiring, _) = house
        .app
        .accounts()
        .create_key(&acme.admin, NewKey { expires_at, ..NewKey::default() })
        .await
        .unwrap();
    let ttl = async |key: &ApiKey| {
        let stored = house.store().get(&orgs::key_key(&key.hash)).await.unwrap().unwrap();
        stored.attrs().unwrap()["ttl"].as_i64().unwrap()
    };
    assert_eq!(ttl(&expiring).await, house.now().plus(2 * season).seconds());
    assert!(write(&house, keys.retire(&expiring, retirement).unwrap()).await);
    assert_eq!(ttl(&expiring).await, house.now().plus(season).seconds());
    assert!(!write(&house, keys.retire(&expiring, retirement).unwrap()).await, "it is not as it was read");
    let expiring = keys.get(expiring.id, house.now()).await.unwrap().unwrap();
    assert_eq!(expiring.retirement, Some(retirement));
    assert!(write(&house, keys.retire(&expiring, retirement).unwrap()).await);
}
