use shared::accounts::NewKey;

use harness::named;

use super::*;

#[tokio::test]
async fn a_new_role_ends_sessions_and_narrows_keys_at_once() {
    let house = TestApp::new().await;
    let session = house.user(&house.acme, Role::Admin).await;
    let key = house.key(&session, NewKey::default()).await;
    let post = async |caller: &Caller| caller.post("/api/payloads", json!({ "title": "x" })).await.status;
    assert_eq!((post(&session).await, post(&key).await), (201, 201));
    let id = session.key.user_id.get();
    let changed = house.acme.patch(&at(id), json!({ "role": "viewer", "name": "Ann" })).await;
    assert_eq!(
        (changed.status, &changed.json["role"], &changed.json["name"]),
        (200, &json!("viewer"), &json!("Ann"))
    );
    assert!(!works(&session).await, "the session is over");
    assert_eq!((post(&key).await, key.get("/api/payloads/list").await.status), (403, 200));
    assert_eq!(key.get(PATH).await.status, 403, "what the role lacks the key has lost");
    assert_eq!(events(&house).await.last().map(String::as_str), Some("member.updated"));
}

#[tokio::test]
async fn a_name_alone_ends_nothing() {
    let house = TestApp::new().await;
    let session = house.user(&house.acme, Role::Editor).await;
    let id = session.key.user_id.get();
    for (name, shown) in [(json!("Ann"), json!("Ann")), (Value::Null, Value::Null)] {
        let changed = house.acme.patch(&at(id), json!({ "name": name })).await;
        assert_eq!((changed.status, &changed.json["name"]), (200, &shown));
    }
    assert!(works(&session).await);
}

#[tokio::test]
async fn a_member_is_bound_to_groups_and_an_admin_is_not() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 7).await;
    let session = house.user(&house.acme, Role::Editor).await;
    let id = session.key.user_id.get();
    let bound = house.acme.patch(&at(id), json!({ "group_ids": [7] })).await;
    assert_eq!((bound.status, &bound.json["group_ids"]), (200, &json!([7])));
    assert!(!works(&session).await);
    let raised = house.acme.patch(&at(id), json!({ "role": "admin" })).await;
    assert_eq!(named(&raised), ["group_ids"], "he would see more than his groups");
    for groups in [json!([7, house.rival.key.group_id]), json!([4242]), json!(""), Value::Null] {
        let refused = house.acme.patch(&at(id), json!({ "group_ids": groups })).await;
        assert_eq!(named(&refused), ["group_ids"]);
    }
    let freed = house.acme.patch(&at(id), json!({ "role": "admin", "group_ids": [] })).await;
    assert_eq!((freed.status, &freed.json["group_ids"]), (200, &json!([])));
}

#[tokio::test]
async fn the_last_admin_stays_one() {
    let house = TestApp::new().await;
    let id = house.acme.key.user_id.get();
    // Neither an invitation nor an admin of others looks after this organization.
    token(&invite(&house.acme, "ann@acme.example", Role::Admin).await);
    for (role, code) in [("viewer", "last_admin"), ("owner", "validation_failed")] {
        let refused = house.acme.patch(&at(id), json!({ "role": role })).await;
        assert_eq!((refused.status, refusal(&refused)), (422, code));
    }
    let refused = house.acme.delete(&at(id)).await;
    assert_eq!((refused.status, refusal(&refused)), (422, "last_admin"));
    assert!(works(&house.acme).await);
    let other = house.user(&house.acme, Role::Admin).await;
    assert_eq!(other.patch(&at(id), json!({ "role": "viewer" })).await.status, 200);
    let refused = other.patch(&at(other.key.user_id.get()), json!({ "role": "editor" })).await;
    assert_eq!((refused.status, refusal(&refused)), (422, "last_admin"));
}

#[tokio::test]
async fn of_admins_who_remove_each_other_at_once_one_stays() {
    for _ in 0..4 {
        let house = TestApp::new().await;
        let (one, two) =
            (house.user(&house.acme, Role::Admin).await, house.user(&house.acme, Role::Admin).await);
        let [a, b, c] = [&house.acme, &one, &two].map(|caller| at(caller.key.user_id.get()));
        let down = json!({ "role": "viewer" });
        let answers = tokio::join!(
            house.acme.patch(&b, down.clone()),
            one.delete(&c),
            two.patch(&a, down.clone()),
            house.acme.delete(&c),
            one.patch(&a, down.clone()),
            two.delete(&b),
        );
        let all = house.app.repos(house.acme.key.tenant).members().all().await.unwrap();
        assert!(all.iter().any(shared::domain::org::User::is_active_admin), "{answers:?}");
    }
}

#[tokio::test]
async fn another_tenants_member_is_nobody() {
    let house = TestApp::new().await;
    let theirs = at(house.rival.key.user_id.get());
    for answer in [
        house.acme.get(&theirs).await,
        house.acme.patch(&theirs, json!({ "role": "viewer" })).await,
        house.acme.delete(&theirs).await,
        house.acme.post(&format!("{theirs}/invite"), json!({})).await,
        house.acme.post(&format!("{theirs}/password_reset"), json!({})).await,
    ] {
        assert_eq!((answer.status, refusal(&answer)), (404, "not_found"));
    }
    assert!(works(&house.rival).await);
}

#[tokio::test]
async fn only_admins_look_after_people() {
    let house = TestApp::new().await;
    for role in [Role::Editor, Role::Viewer, Role::Approver] {
        let caller = house.user(&house.acme, role).await;
        let id = caller.key.user_id.get();
        for answer in [
            caller.get(PATH).await,
            caller.get(&at(id)).await,
            invite(&caller, "ann@acme.example", role).await,
            caller.patch(&at(id), json!({ "role": "admin" })).await,
            caller.delete(&at(id)).await,
        ] {
            assert_eq!((answer.status, refusal(&answer)), (403, "missing_scope"), "{role:?}");
        }
    }
}
