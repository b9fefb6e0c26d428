//! Tickets: they end with the right of whoever made them, and with what their user was to be.

use shared::accounts::NewKey;

use super::*;

const CONFIRM: &str = "/api/v1/password_resets/confirm";

async fn reset(caller: &Caller, id: u64) -> String {
    let made = caller.post(&format!("{}/password_reset", at(id)), json!({})).await;
    made.json["password_reset"]["token"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned()
}

async fn confirm(house: &TestApp, token: &str) -> Answer {
    public(house, CONFIRM, json!({ "token": token, "password": "a better staple" })).await
}

#[track_caller]
fn no_good(answer: &Answer) {
    assert_eq!((answer.status, refusal(answer)), (422, "invalid_token"), "{answer:?}");
}

#[tokio::test]
async fn a_new_role_ends_what_was_made_under_the_old_one() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 7).await;
    for change in [json!({ "role": "admin" }), json!({ "group_ids": [7] })] {
        let member = house.user(&house.acme, Role::Viewer).await.key.user_id.get();
        let way = reset(&house.acme, member).await;
        assert_eq!(house.acme.patch(&at(member), change.clone()).await.status, 200);
        no_good(&confirm(&house, &way).await);
        let invited = invite(&house.acme, &format!("{member}@acme.example"), Role::Viewer).await;
        assert_eq!(house.acme.patch(&at(invited.id()), change).await.status, 200);
        no_good(&accept(&house, &token(&invited)).await);
        // A name alone ends nothing, and another invitation is for what he is to be now.
        let again = house.acme.post(&format!("{}/invite", at(invited.id())), json!({})).await;
        assert_eq!(house.acme.patch(&at(invited.id()), json!({ "name": "Ann" })).await.status, 200);
        assert_eq!(accept(&house, &token(&again)).await.status, 200);
    }
}

#[tokio::test]
async fn a_key_that_may_little_opens_no_account_that_may_more_later() {
    let house = TestApp::new().await;
    let scopes = ["team:manage", "*:read"].map(str::to_owned).into();
    let narrow = house.key(&house.acme, NewKey { scopes, ..NewKey::default() }).await;
    let member = house.user(&house.acme, Role::Viewer).await.key.user_id.get();
    let token = reset(&narrow, member).await;
    assert_eq!(house.acme.patch(&at(member), json!({ "role": "admin" })).await.status, 200);
    no_good(&confirm(&house, &token).await);
}

#[tokio::test]
async fn what_somebody_made_who_is_gone_or_may_less_is_no_good() {
    let house = TestApp::new().await;
    for stays in [None, Some("editor"), Some("viewer")] {
        let maker = house.user(&house.acme, Role::Admin).await;
        let member = house.user(&house.acme, Role::Editor).await.key.user_id.get();
        let (way, mole) = (reset(&maker, member).await, format!("{member}@acme.example"));
        let (admin, viewer) = (
            invite(&maker, &format!("a{mole}"), Role::Admin).await,
            invite(&maker, &format!("v{mole}"), Role::Viewer).await,
        );
        let path = at(maker.key.user_id.get());
        let changed = match stays {
            Some(role) => house.acme.patch(&path, json!({ "role": role })).await.status,
            None => house.acme.delete(&path).await.status,
        };
        assert!(changed < 300);
        no_good(&accept(&house, &token(&admin)).await);
        let (of_editor, of_viewer) = (confirm(&house, &way).await, accept(&house, &token(&viewer)).await);
        match stays {
            Some("editor") => assert_eq!((of_editor.status, of_viewer.status), (200, 200)),
            Some(_) => {
                no_good(&of_editor);
                assert_eq!(of_viewer.status, 200);
            }
            None => {
                no_good(&of_editor);
                no_good(&of_viewer);
            }
        }
    }
}

#[tokio::test]
async fn a_good_invitation_is_good_also_while_its_member_is_changed() {
    let house = TestApp::new().await;
    for turn in 0..4 {
        let invited = invite(&house.acme, &format!("ann{turn}@acme.example"), Role::Viewer).await;
        let token = token(&invited);
        let path = at(invited.id());
        let renamed = futures::future::join_all((0..8).map(|n| {
            let path = &path;
            let house = &house;
            async move { house.acme.patch(path, json!({ "name": format!("Ann {n}") })).await.status }
        }));
        let (accepted, renamed) = tokio::join!(accept(&house, &token), renamed);
        assert_eq!((accepted.status, renamed), (200, vec![200; 8]), "{accepted:?}");
    }
}
