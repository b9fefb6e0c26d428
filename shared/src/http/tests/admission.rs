//! Who is let in, and where.

use axum::{Router, body::Body, extract::ConnectInfo, routing::get};
use http::{Method, Request};
use secrecy::ExposeSecret;
use tower::ServiceExt;

use super::{Answer, CREATED, Front, OK};
use crate::{
    accounts::SessionToken,
    domain::session::TOKEN_LIFE,
    http::{credential, peer::Peer, routes::Auth},
};

const POST: Method = Method::POST;

async fn log_in(front: &Front) -> SessionToken {
    front.house.app.accounts().open_session(&front.acme.admin).await.unwrap()
}

fn cookie(token: &SessionToken) -> String {
    format!("baton_session={}", token.text.expose_secret())
}

#[tokio::test]
async fn without_a_credential_nobody_gets_in() {
    let front = Front::new().await;
    for path in ["/api", "/api/payloads/list", "/api/collections"] {
        let answer = front.get(path, &[]).await;
        assert_eq!(answer.refusal(), (401, "missing_api_key".into()), "{path}");
        assert!(answer.header("www-authenticate").is_some());
    }
    assert_eq!(front.get("/api/user/api-key", &[]).await.refusal(), (401, "missing_session".into()));
    assert_eq!(credential::missing(Auth::Public).code, "missing_api_key");
    let answer = front.get("/api", &[("x-api-key", "btn_live_x")]).await;
    assert_eq!(answer.refusal(), (403, "invalid_api_key".into()));
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_name() {
    let front = Front::new().await;
    let key = front.key_with(&["payloads:read"]).await;
    for headers in [("x-api-key", key.clone()), ("authorization", format!("Bearer {key}"))] {
        let answer = front.get("/api/payloads/list", &[(headers.0, &headers.1)]).await;
        assert_eq!(answer.status, CREATED, "{}: {answer:?}", headers.0);
        assert_eq!(answer.json()["tenant"], front.acme.admin.tenant.0);
        assert_eq!(answer.json()["user"], front.acme.admin.id.get());
        assert_eq!(answer.json()["session"], false);
    }
    let key = [("x-api-key", key.as_str())];
    assert_eq!(front.get("/api", &key).await.status, CREATED, "it works, and this is what is asked here");
    let refused = front.get("/api/collections", &key).await;
    assert_eq!(refused.refusal(), (403, "missing_scope".into()));
    assert_eq!(refused.json()["message"], "This key lacks the scope collections:read.");
    let session = front.get("/api/user/api-key", &key).await;
    assert_eq!(session.refusal(), (403, "session_needed".into()));
    assert_eq!(front.call(Method::GET, "/api/user/api-key", &[]).await.refusal(), session.refusal());
}

#[tokio::test]
async fn a_session_opens_what_its_users_role_allows_and_what_is_for_sessions() {
    let front = Front::new().await;
    let wish = crate::accounts::NewUser {
        email: "ann@acme.example".into(),
        role: crate::domain::org::Role::Viewer,
        password: crate::testing::house::PASSWORD.into(),
    };
    let ann = front.house.app.accounts().create_user(front.acme.admin.tenant, wish).await.unwrap();
    let token = front.house.app.accounts().open_session(&ann).await.unwrap();
    let bearer = format!("Bearer {}", token.text.expose_secret());
    let bearer = [("authorization", bearer.as_str())];
    for path in ["/api/payloads/list", "/api/user/api-key"] {
        let answer = front.get(path, &bearer).await;
        assert_eq!((answer.status, &answer.json()["session"]), (CREATED, &true.into()), "{path}");
        assert_eq!(answer.header("set-cookie"), None, "who sends a header keeps no cookie");
    }
    let refused = front.send(POST, "/api/collections", &bearer, "").await;
    assert_eq!(refused.refusal(), (403, "missing_scope".into()));
    assert_eq!(refused.json()["message"], "Your role lacks the scope collections:write.");
}

#[tokio::test]
async fn a_cookie_alone_reads_and_changes_nothing() {
    let front = Front::new().await;
    let (token, other) = (log_in(&front).await, log_in(&front).await);
    let cookie = cookie(&token);
    let cookie = ("cookie", cookie.as_str());
    assert_eq!(front.get("/api/payloads/list", &[cookie]).await.status, CREATED);
    assert_eq!(front.send(Method::HEAD, "/api/payloads/list", &[cookie], "").await.status, CREATED);
    let post = async |headers: &[(&str, &str)]| {
        front.send(POST, "/api/collections", &[&[cookie], headers].concat(), "").await.refusal()
    };
    assert_eq!(post(&[]).await, (403, "csrf_token_missing".into()));
    for wrong in ["", "x", &other.csrf_token] {
        assert_eq!(post(&[("x-csrf-token", wrong)]).await, (403, "csrf_token_invalid".into()), "{wrong}");
    }
    assert_eq!(post(&[("x-csrf-token", &token.csrf_token)]).await.0, CREATED);
    // What comes by a header was put there by a script of ours.
    let bearer = format!("Bearer {}", token.text.expose_secret());
    assert_eq!(post(&[("authorization", &bearer)]).await.0, CREATED);
}

#[tokio::test]
async fn a_key_in_a_cookie_is_no_credential() {
    let front = Front::new().await;
    let cookie = format!("baton_session={}", front.key());
    let answer = front.get("/api/payloads/list", &[("cookie", &cookie)]).await;
    assert_eq!(answer.refusal(), (403, "invalid_session".into()));
}

#[tokio::test]
async fn a_cookie_is_renewed_while_it_is_used() {
    let front = Front::new().await;
    let token = log_in(&front).await;
    let cookie = cookie(&token);
    let cookie = [("cookie", cookie.as_str())];
    assert_eq!(front.get("/api", &cookie).await.header("set-cookie"), None);
    front.house.advance(TOKEN_LIFE / 2);
    let renewed = front.get("/api", &cookie).await;
    let set: Vec<_> = renewed.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert_eq!(set.len(), 2, "{set:?}");
    let session = set[0].split(';').next().unwrap().to_owned();
    front.house.advance(TOKEN_LIFE / 2);
    assert_eq!(front.get("/api", &cookie).await.status, 403);
    assert_eq!(front.get("/api", &[("cookie", &session)]).await.status, CREATED);
}

#[tokio::test]
async fn a_limited_route_counts_each_key_for_itself_and_all_sessions_of_a_user_together() {
    let settings = crate::config::Settings { trigger_limit: 2, ..Default::default() };
    let front = Front::with(settings).await;
    let trigger = async |header: (&str, &str)| front.send(POST, "/api/trigger-webhook", &[header], "").await;
    let (one, two) = (log_in(&front).await, log_in(&front).await);
    let bearer = |token: &SessionToken| format!("Bearer {}", token.text.expose_secret());
    for (first, second) in [
        (("x-api-key", front.key().to_owned()), ("x-api-key", front.key().to_owned())),
        (("authorization", bearer(&one)), ("authorization", bearer(&two))),
    ] {
        for (left, header) in [("1", &first), ("0", &second)] {
            let answer = trigger((header.0, &header.1)).await;
            assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (CREATED, Some(left)));
            assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
        }
        let refused = trigger((first.0, &first.1)).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
        assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    }
    let other = front.key_with(&["workflows:execute"]).await;
    assert_eq!(trigger(("x-api-key", &other)).await.status, CREATED);
    assert_eq!(front.call(Method::GET, "/api", &[]).await.header("x-ratelimit-limit"), None);
    assert_eq!(front.get("/health", &[]).await.status, OK);
}

#[tokio::test]
async fn by_https_the_cookie_of_this_very_host_counts() {
    let front = Front::new().await;
    let token = log_in(&front).await;
    let https = Peer { address: None, https: true };
    for (name, status) in [("__Host-baton_session", CREATED), ("baton_session", 401)] {
        let cookie = format!("{name}={}", token.text.expose_secret());
        let answer = front.send_as(https, Method::GET, "/api", &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, status, "{name}");
    }
}

#[tokio::test]
async fn a_handler_is_told_who_is_at_the_other_end() {
    let router = Router::new().route("/", get(async |peer: Peer| format!("{peer:?}")));
    let peer = Peer { address: Some([192, 0, 2, 1].into()), https: true };
    for (told, said) in [(Some(peer), peer), (None, Peer::default())] {
        let mut request = Request::get("/").body(Body::empty()).unwrap();
        if let Some(peer) = told {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let answer = Answer::of(router.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(answer.text, format!("{said:?}"));
    }
}
