use shared::accounts::NewKey;
use standins::dump;
use std::time::Duration;

use harness::{BATON, assert_holds, named};

use super::*;

#[tokio::test]
async fn an_invitation_is_shown_once_and_stored_nowhere() {
    let house = TestApp::new().await;
    let made = house
        .acme
        .post(
            PATH,
            json!({ "team_member": { "email": "Ann@Acme.example", "role": "viewer", "name": "Ann" } }),
        )
        .await;
    let token = token(&made);
    assert_holds(
        &made.json,
        &json!({
            "email": "ann@acme.example", "name": "Ann", "role": "viewer", "status": "invited", "group_ids": [],
            "second_factor": false, "created_at": "2025-01-21T10:30:00Z",
            "invitation": { "expires_at": "2025-01-28T10:30:00Z", "url": format!("{BATON}/join#{token}") },
        }),
    );
    for item in dump::items(&house.file).await.unwrap() {
        assert!(!format!("{item:?}").contains(&token), "{item:?}");
    }
    let shown = house.acme.get(&at(made.id())).await;
    assert_eq!((shown.status, shown.json["status"].as_str()), (200, Some("invited")));
    let listed = house.acme.get(PATH).await;
    assert_eq!(listed.json["total_count"], 2, "{listed:?}");
    let emails: Vec<_> =
        listed.json["team_members"].as_array().unwrap().iter().map(|one| &one["email"]).collect();
    assert_eq!(emails, ["ann@acme.example", "jane@acme.example"], "the newest first");
    assert!(!shown.text.contains(&token) && !listed.text.contains(&token));
    assert_eq!(events(&house).await, ["member.invited"]);
}

#[tokio::test]
async fn who_was_invited_is_nobody_yet() {
    let house = TestApp::new().await;
    let made = invite(&house.acme, "ann@acme.example", Role::Admin).await;
    let refused = log_in(&house, "ann@acme.example").await;
    let unknown = log_in(&house, "nobody@acme.example").await;
    assert_eq!((refused.status, &refused.text), (401, &unknown.text));
    // Not even where the operator makes a key for him.
    let tenant = house.acme.key.tenant;
    let id = shared::ids::UserId::from_u64(made.id()).unwrap();
    let user = house.app.repos(tenant).members().get(id).await.unwrap().unwrap();
    let (_, text) = house.app.accounts().create_key(&user, NewKey::default()).await.unwrap();
    assert!(!works(&house.acme.with_key(secrecy::ExposeSecret::expose_secret(&text))).await);
    let asked = house.acme.post(&format!("{}/password_reset", at(made.id())), json!({})).await;
    assert_eq!((asked.status, refusal(&asked)), (409, "not_joined"));
}

#[tokio::test]
async fn what_nobody_can_be_is_refused() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 7).await;
    let group = house.rival.key.group_id;
    for (body, field) in [
        (json!({ "email": "ann@acme.example" }), "role"),
        (json!({ "email": "ann@acme.example", "role": "owner" }), "role"),
        (json!({ "email": "ann", "role": "viewer" }), "email"),
        (json!({ "email": "ann@acme.example", "role": "viewer", "groups": [7] }), "groups"),
        (json!({ "email": "ann@acme.example", "role": "viewer", "group_ids": [7, group] }), "group_ids"),
        (json!({ "email": "ann@acme.example", "role": "admin", "group_ids": [7] }), "group_ids"),
        // What was meant to bind, and came out empty, would leave a member who sees everything.
        (json!({ "email": "ann@acme.example", "role": "viewer", "group_ids": "" }), "group_ids"),
        (json!({ "email": "ann@acme.example", "role": "viewer", "group_ids": null }), "group_ids"),
    ] {
        let refused = house.acme.post(PATH, body.clone()).await;
        assert_eq!(named(&refused), [field], "{body}");
    }
    let bound = json!({ "email": "ann@acme.example", "role": "viewer", "group_ids": [7, 7] });
    let made = house.acme.post(PATH, bound).await;
    assert_eq!((made.status, &made.json["group_ids"]), (201, &json!([7])), "{made:?}");
}

#[tokio::test]
async fn an_address_has_one_account_in_the_house() {
    let house = TestApp::new().await;
    for taken in ["jane@acme.example", "joe@rival.example", "JOE@rival.example"] {
        let refused = invite(&house.acme, taken, Role::Viewer).await;
        assert_eq!((refused.status, refusal(&refused)), (409, "email_taken"), "{taken}");
    }
    token(&invite(&house.acme, "ann@acme.example", Role::Viewer).await);
    let refused = invite(&house.rival, "ann@acme.example", Role::Viewer).await;
    assert_eq!((refused.status, refusal(&refused)), (409, "email_taken"), "also while it is an invitation");
}

#[tokio::test]
async fn a_new_invitation_ends_the_one_before() {
    let house = TestApp::new().await;
    let made = invite(&house.acme, "ann@acme.example", Role::Viewer).await;
    house.advance(Duration::from_secs(3_600));
    let again = house.acme.post(&format!("{}/invite", at(made.id())), json!({})).await;
    assert_eq!(again.json["invitation"]["expires_at"], "2025-01-28T11:30:00Z", "{again:?}");
    let (old, new) = (token(&made), token(&again));
    assert_eq!(accept(&house, &old).await.status, 422);
    assert_eq!(accept(&house, &new).await.status, 200);
    let late = house.acme.post(&format!("{}/invite", at(made.id())), json!({})).await;
    assert_eq!((late.status, refusal(&late)), (409, "already_joined"));
}

#[tokio::test]
async fn nobody_gives_what_he_lacks() {
    let house = TestApp::new().await;
    let scopes = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
    let wish = NewKey { scopes: scopes(&["team:manage", "*:read"]), ..NewKey::default() };
    let narrow = house.key(&house.acme, wish).await;
    for (role, status) in
        [(Role::Viewer, 201), (Role::Approver, 403), (Role::Editor, 403), (Role::Admin, 403)]
    {
        let made = invite(&narrow, &format!("{}@acme.example", role.as_str()), role).await;
        assert_eq!(made.status, status, "{role:?}: {made:?}");
        assert!(status == 201 || refusal(&made) == "missing_scope");
    }
    // Nor by the way of somebody else's password, nor of a new role.
    let admin = house.acme.key.user_id.get();
    let reset = narrow.post(&format!("{}/password_reset", at(admin)), json!({})).await;
    assert_eq!((reset.status, refusal(&reset)), (403, "missing_scope"));
    let viewer = house.user(&house.acme, Role::Viewer).await.key.user_id.get();
    let raised = narrow.patch(&at(viewer), json!({ "role": "admin" })).await;
    assert_eq!((raised.status, refusal(&raised)), (403, "missing_scope"));
    // Nor by making less of him first, or by letting him go and asking him in anew.
    let lowered = narrow.patch(&at(admin), json!({ "role": "viewer" })).await;
    assert_eq!((lowered.status, refusal(&lowered)), (403, "missing_scope"));
    let removed = narrow.delete(&at(admin)).await;
    assert_eq!((removed.status, refusal(&removed)), (403, "missing_scope"));
    // Nor more than a key has that ends, or works from a few places.
    let ends = Some(house.app.now().plus(Duration::from_secs(3_600)));
    let brief = house.key(&house.acme, NewKey { expires_at: ends, ..NewKey::default() }).await;
    let made = invite(&brief, "bob@acme.example", Role::Viewer).await;
    assert_eq!((made.status, refusal(&made)), (403, "wider_account"));
    let reset = brief.post(&format!("{}/password_reset", at(viewer)), json!({})).await;
    assert_eq!((reset.status, refusal(&reset)), (403, "wider_account"));
    let wish = NewKey { groups: vec![house.acme.key.group_id], ..NewKey::default() };
    let bound = house.key(&house.acme, wish).await;
    let made = invite(&bound, "ann@acme.example", Role::Viewer).await;
    assert_eq!((made.status, refusal(&made)), (403, "bound_to_groups"), "whoever sees one group only");
}

#[tokio::test]
async fn an_invitation_that_nobody_can_accept_any_more_holds_no_address() {
    let house = TestApp::new().await;
    let made = invite(&house.rival, "ann@acme.example", Role::Viewer).await;
    let old = token(&made);
    house.advance(Duration::from_secs(7 * 24 * 3_600 - 1));
    let refused = invite(&house.acme, "ann@acme.example", Role::Viewer).await;
    assert_eq!((refused.status, refusal(&refused)), (409, "email_taken"), "it is good for a second more");
    house.advance(Duration::from_secs(1));
    let taken = invite(&house.acme, "ann@acme.example", Role::Viewer).await;
    let new = token(&taken);
    // There she is nobody any more, and can be told so.
    assert_eq!(house.rival.get(&at(made.id())).await.status, 404);
    assert_eq!(house.rival.get(PATH).await.json["total_count"], 1);
    let told = house.rival.get("/api/v1/audit_log?action=member.removed").await.json;
    assert_eq!(told["audit_log"][0]["subject_id"], made.id(), "{told}");
    let back = invite(&house.rival, "ann@acme.example", Role::Viewer).await;
    assert_eq!((back.status, refusal(&back)), (409, "email_taken"));
    assert_eq!((accept(&house, &old).await.status, accept(&house, &new).await.status), (422, 200));
    let again = invite(&house.rival, "ann@acme.example", Role::Viewer).await;
    assert_eq!((again.status, refusal(&again)), (409, "email_taken"), "who has come stays");
    // The same of one's own, and for those whom the operator makes.
    for email in ["bob@acme.example", "cat@acme.example"] {
        token(&invite(&house.acme, email, Role::Admin).await);
    }
    house.advance(Duration::from_secs(7 * 24 * 3_600));
    token(&invite(&house.acme, "bob@acme.example", Role::Viewer).await);
    let made = house.app.accounts().create_organization("Cat", "cat@acme.example", &PASSWORD.into()).await;
    assert!(made.is_ok());
    assert_eq!(log_in(&house, "cat@acme.example").await.status, 200);
    assert_eq!(house.acme.get(PATH).await.json["total_count"], 3);
}

#[tokio::test]
async fn of_many_who_want_a_lapsed_address_at_once_one_has_it() {
    let house = TestApp::new().await;
    let made = invite(&house.acme, "ann@acme.example", Role::Viewer).await;
    house.advance(Duration::from_secs(7 * 24 * 3_600));
    let path = format!("{}/invite", at(made.id()));
    let (again, one, two) = tokio::join!(
        house.acme.post(&path, json!({})),
        invite(&house.rival, "ann@acme.example", Role::Viewer),
        invite(&house.rival, "ann@acme.example", Role::Editor),
    );
    let good = [&again, &one, &two].iter().filter(|answer| answer.status == 201).count();
    assert_eq!(good, 1, "{again:?} {one:?} {two:?}");
    let owners = [&house.acme, &house.rival]
        .map(|caller| async { caller.get(PATH).await.json["total_count"].as_u64() });
    let [acme, rival] = owners;
    assert_eq!(acme.await.unwrap() + rival.await.unwrap(), 3);
}
