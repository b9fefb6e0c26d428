//! Sessions and whose they are.

use crate::{
    domain::session::{SESSION_LIFE, Session, SessionRef},
    ids::{EntityId, Id, SessionId, UserId},
    repo::sessions,
    store::{Key, Write, attr},
    tenant::TenantId,
    testing::house::House,
};

fn session(house: &House, tenant: TenantId, user_id: UserId) -> Session {
    Session {
        id: house.app.id(),
        tenant,
        user_id,
        group_id: house.app.id(),
        generation: 0,
        signing_key: "k".into(),
        jti_hash: "h".into(),
        created_at: house.now(),
        ends_at: house.now().plus(SESSION_LIFE),
    }
}

#[tokio::test]
async fn a_session_is_found_with_its_user_until_it_is_deleted() {
    let house = House::new();
    let acme = house.acme().await;
    let session = session(&house, acme.admin.tenant, acme.admin.id);
    let place = session.place();
    let insert = sessions::insert(&session).unwrap();
    house.store().write(insert.clone()).await.unwrap();
    assert!(house.store().write(insert.clone()).await.is_err(), "an id is used once");
    let (found, calls) = house.store_calls(sessions::find(house.store(), &place)).await;
    let found = found.unwrap().unwrap();
    assert_eq!((&found.session, &found.user, calls), (&session, &acme.admin, 3));
    assert!(!found.demands_second_factor);
    let item = house.store().get(&insert.key).await.unwrap().unwrap();
    assert_eq!(item.attrs().unwrap()[attr::TTL], session.ends_at.seconds(), "then the store may forget it");

    house.store().write(sessions::move_to(&place, 3)).await.unwrap();
    let moved = sessions::find(house.store(), &place).await.unwrap().unwrap();
    assert_eq!(moved.session, Session { generation: 3, ..session });

    for elsewhere in [
        SessionRef { tenant: TenantId(9), ..place },
        SessionRef { id: SessionId::of(Id::SMALLEST), ..place },
        SessionRef { user_id: UserId::of(Id::SMALLEST), ..place },
    ] {
        assert!(sessions::find(house.store(), &elsewhere).await.unwrap().is_none(), "{elsewhere}");
    }
    house.store().write(sessions::delete(&place)).await.unwrap();
    assert!(sessions::find(house.store(), &place).await.unwrap().is_none());
    assert!(house.store().write(sessions::move_to(&place, 4)).await.is_err(), "what is gone stays gone");
}

#[tokio::test]
async fn a_session_without_its_user_is_none() {
    let house = House::new();
    let acme = house.acme().await;
    let session = session(&house, acme.admin.tenant, acme.admin.id);
    house.store().write(sessions::insert(&session).unwrap()).await.unwrap();
    let user = Key::of(acme.admin.tenant, "user", acme.admin.id.sortable());
    house.store().write(Write::delete(user)).await.unwrap();
    assert!(sessions::find(house.store(), &session.place()).await.unwrap().is_none());
}
