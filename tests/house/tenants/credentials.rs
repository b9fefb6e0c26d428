//! That no refusal of a credential tells what there is.

use super::*;

/// A credential that does not let its bearer in, and the refusal to expect; none where the route takes it.
struct Bad {
    kind: &'static str,
    header: Option<(&'static str, String)>,
}

async fn bad_credentials(house: &TestApp) -> Vec<Bad> {
    let key = |kind, text: &str| Bad { kind, header: Some(("x-api-key", text.to_owned())) };
    let bearer = |kind, text: &str| Bad { kind, header: Some(("authorization", format!("Bearer {text}"))) };
    let cookie = |kind, text: &str| Bad { kind, header: Some(("cookie", format!("baton_session={text}"))) };
    let expired = house.log_in(&house.acme).await;
    house.advance(SESSION_LIFE + std::time::Duration::from_secs(1));
    let ended = house.log_in(&house.acme).await;
    assert_eq!(ended.post("/api/auth/logout", Value::Null).await.status, 200);
    let mut all = vec![
        Bad { kind: "none", header: None },
        key("expired session", &expired.text),
        bearer("expired session", &expired.text),
        cookie("expired session", &expired.text),
        bearer("ended session", &ended.text),
        cookie("ended session", &ended.text),
        cookie("a key as a cookie", &house.acme.text),
    ];
    for (kind, text) in house.bad_keys(&house.acme).await {
        all.push(key(kind, &text));
    }
    all
}

/// The sample's own path, and the same with another tenant's ids and with ids of nobody.
fn paths(house: &TestApp, document: &Value, sample: &Sample) -> Vec<(Method, String, Option<Value>)> {
    let mut all =
        vec![(sample.method(), sample.path.clone(), sample.has_body().then(|| sample.body.clone()))];
    for place in places(document, sample.route) {
        let (theirs, nobodys) = pair(house, sample.route, &place);
        all.extend([theirs, nobodys].map(|id| with_id(sample, &place, &id)));
    }
    all
}

/// Who is not let in learns nothing of what there is: whatever the id, the refusal is the same, and so is its cost.
async fn refused_alike(
    house: &TestApp,
    caller: &Caller,
    sample: &Sample,
    bad: &Bad,
    requests: &[(Method, String, Option<Value>)],
) -> String {
    let speaker = sample.speaker(caller);
    let headers: Vec<_> = bad.header.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ask = async |(method, path, body): &(Method, String, Option<Value>)| {
        speaker.bare(method.clone(), path, body.clone(), &headers).await
    };
    let operation = sample.route.operation;
    // The first time an instance meets a credential it looks it up.
    let answer = ask(&requests[0]).await;
    assert!([401, 403].contains(&answer.status), "{operation}, {}: {answer:?}", bad.kind);
    let expected = shown(house, ask(&requests[0])).await;
    assert_eq!((expected.spent.write_units, expected.sent), (0.0, 0), "{operation}, {}", bad.kind);
    for request in requests {
        assert_eq!(shown(house, ask(request)).await, expected, "{operation}, {}: {request:?}", bad.kind);
    }
    sample.refusal(&answer)
}

#[tokio::test]
async fn no_refusal_of_a_credential_depends_on_what_there_is() {
    let documents = Documents::made();
    let house = twin().await;
    let all_bad = bad_credentials(&house).await;
    for sample in samples(&house) {
        let (route, requests) = (sample.route, paths(&house, documents.of(sample.route), &sample));
        for bad in &all_bad {
            let code = refused_alike(&house, &house.acme, &sample, bad, &requests).await;
            let missing = if route.auth == Auth::Session { "missing_session" } else { "missing_api_key" };
            let session = bad.kind.ends_with("session") || bad.kind.ends_with("cookie");
            match bad.kind {
                "none" => assert_eq!(code, missing, "{}", route.operation),
                _ if session => assert!(
                    ["invalid_session", "session_expired", "session_ended", "invalid_api_key"]
                        .contains(&code.as_str()),
                    "{}: {}: {code}",
                    route.operation,
                    bad.kind
                ),
                _ => assert_eq!(code, "invalid_api_key", "{}: {}", route.operation, bad.kind),
            }
        }
        let header = match route.auth {
            Auth::Scope(TEST_SCOPE) | Auth::Public => continue,
            Auth::Scope(scope) => {
                let others = ROUTES.iter().filter_map(|route| match route.auth {
                    Auth::Scope(other) if other != scope => Some(other.to_owned()),
                    _ => None,
                });
                let wish = NewKey { scopes: others.collect(), ..NewKey::default() };
                house.key(&house.acme, wish).await.text
            }
            Auth::Session => house.acme.text.clone(),
        };
        let bad = Bad { kind: "a missing scope", header: Some(("x-api-key", header)) };
        let code = refused_alike(&house, &house.acme, &sample, &bad, &requests).await;
        let expected = if route.auth == Auth::Session { "session_needed" } else { "missing_scope" };
        assert_eq!(code, expected, "{}", route.operation);
        assert_eq!(sample.voice().status(ErrorKind::Forbidden).as_u16(), 403);
    }
}
