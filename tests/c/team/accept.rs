use std::time::Duration;

use harness::named;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[tokio::test]
async fn whoever_accepts_is_a_member_with_a_key_to_copy() {
    let house = TestApp::new().await;
    house.seed_group(&house.acme, 7).await;
    let bound = json!({ "email": "ann@acme.example", "role": "editor", "name": "Ann", "group_ids": [7] });
    let made = house.acme.post(PATH, bound).await;
    let accepted = accept(&house, &token(&made)).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    assert_eq!(accepted.json["team_member"]["status"], "active");
    assert_eq!(accepted.json["team_member"]["name"], "Ann");
    let session = log_in(&house, "ann@acme.example").await;
    let ann = house.acme.with_key(session.json["token"].as_str().unwrap());
    let copied = ann.post("/api/user/api-key/copy", json!({})).await;
    let key = house.acme.with_key(copied.json["api_key"].as_str().unwrap_or_else(|| panic!("{copied:?}")));
    assert!(works(&key).await);
    // What she makes is in the group that she works in.
    for caller in [&ann, &key] {
        let payload = caller.post("/api/payloads", json!({ "title": "x" })).await;
        assert_eq!(payload.status, 201, "{payload:?}");
    }
    assert_eq!(events(&house).await[..2], ["member.invited", "member.joined"]);
}

#[tokio::test]
async fn what_is_no_good_reads_the_same() {
    let house = TestApp::new().await;
    let used = invite(&house.acme, "ann@acme.example", Role::Viewer).await;
    assert_eq!(accept(&house, &token(&used)).await.status, 200);
    let removed = invite(&house.acme, "bob@acme.example", Role::Viewer).await;
    assert_eq!(house.acme.delete(&at(removed.id())).await.status, 204);
    let late = invite(&house.acme, "cat@acme.example", Role::Viewer).await;
    house.advance(7 * DAY);
    let whole = invite(&house.acme, "dan@acme.example", Role::Viewer).await;
    let reset = house.acme.post(&format!("{}/password_reset", at(used.id())), json!({})).await;
    let good = token(&whole);
    let place = good.rsplit_once('_').unwrap().0;
    let mut texts = vec![];
    for bad in [
        token(&used),
        token(&removed),
        token(&late),
        format!("{place}_{}", "0".repeat(30)),
        good.replace("btn_invitation", "btn_reset"),
        reset.json["password_reset"]["token"].as_str().unwrap().to_owned(),
        format!("{good}x"),
        "x".to_owned(),
    ] {
        let refused = accept(&house, &bad).await;
        assert_eq!((refused.status, refusal(&refused)), (422, "invalid_token"), "{bad}: {refused:?}");
        texts.push(refused.text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert_eq!(accept(&house, &good).await.status, 200);
}

#[tokio::test]
async fn of_many_who_use_an_invitation_at_once_one_joins() {
    let house = TestApp::new().await;
    let token = token(&invite(&house.acme, "ann@acme.example", Role::Viewer).await);
    let all = futures::future::join_all((0..4).map(|_| accept(&house, &token))).await;
    let mut statuses: Vec<_> = all.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422, 422]);
}

#[tokio::test]
async fn a_password_that_nobody_may_have_uses_no_invitation_up() {
    let house = TestApp::new().await;
    let token = token(&invite(&house.acme, "ann@acme.example", Role::Viewer).await);
    let short = public(&house, ACCEPT, json!({ "token": token, "password": "short" })).await;
    assert_eq!(named(&short), ["password"]);
    let sent = public(&house, ACCEPT, json!({ "token": token, "password": PASSWORD, "role": "admin" })).await;
    assert_eq!(named(&sent), ["role"], "nobody chooses his role");
    assert_eq!(accept(&house, &token).await.status, 200);
}

#[tokio::test]
async fn whoever_guesses_is_locked_out_and_nobody_else() {
    let house = TestApp::new().await;
    let token = token(&invite(&house.acme, "ann@acme.example", Role::Viewer).await);
    let guesser = house.acme.at("203.0.113.9", false);
    let body = |token: &str| Some(json!({ "token": token, "password": PASSWORD }));
    for _ in 0..100 {
        assert_eq!(guesser.bare(Method::POST, ACCEPT, body("x"), &[]).await.status, 422);
    }
    let locked = guesser.bare(Method::POST, ACCEPT, body(&token), &[]).await;
    assert_eq!((locked.status, refusal(&locked)), (429, "too_many_failures"));
    let elsewhere = house.acme.at("203.0.113.10", false);
    assert_eq!(elsewhere.bare(Method::POST, ACCEPT, body(&token), &[]).await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_site_accepts_nothing() {
    let house = TestApp::new().await;
    let token = token(&invite(&house.acme, "ann@acme.example", Role::Viewer).await);
    let body = Some(json!({ "token": token, "password": PASSWORD }));
    let sent = house.acme.bare(Method::POST, ACCEPT, body, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!((sent.status, refusal(&sent)), (403, "cross_site"));
}
