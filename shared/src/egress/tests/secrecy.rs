//! Nothing of a request but its host ends in a message.

use std::{error::Error as _, fmt::Write as _, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use url::Url;

use super::fakes::{
    Answer, FakeDns, Sink, get, guarded, local_client, loopback_allowed, nothing_allowed, ok,
};
use crate::egress::{HttpOut, OutError, OutReply, OutRequest, parse_url};

const SECRET: &str = "canary7f3a";

fn secretive(host: &str) -> OutRequest {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Bearer canary7f3a"));
    OutRequest {
        method: http::Method::POST,
        headers,
        body: Bytes::from_static(b"canary7f3a"),
        timeout: Duration::from_millis(200),
        ..get(&format!("{host}/canary7f3a/x?token=canary7f3a#canary7f3a"))
    }
}

fn shown(error: &OutError) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        write!(text, " {inner} {inner:?}").unwrap();
        cause = inner.source();
    }
    text
}

#[tokio::test]
async fn no_error_shows_more_than_the_host() {
    let silent = Sink::on_loopback(Answer::Nothing);
    let hangs_up = Sink::on_loopback(Answer::HangsUp);
    let babbles = Sink::on_loopback(Answer::Says("canary7f3a canary7f3a\r\n\r\n".to_owned()));
    let large = Sink::on_loopback(ok(&SECRET.repeat(200)));
    let base = |sink: &Sink| sink.url("");

    let mut errors = Vec::new();
    for host in
        [base(&silent), base(&hangs_up), base(&babbles), base(&large), "http://127.0.0.1:1".to_owned()]
    {
        errors.push(local_client().send(secretive(&host)).await.unwrap_err());
        errors.push(local_client().send(secretive(&host.replace("http:", "https:"))).await.unwrap_err());
    }
    let flipped = guarded(nothing_allowed(), FakeDns::new(&["10.0.0.1"]));
    let failing = guarded(loopback_allowed(), FakeDns::new(&[]));
    for host in
        ["http://name.example.com", "http://10.0.0.1", "ftp://example.com", "http://canary7f3a:canary7f3a@h"]
    {
        let request = secretive(host);
        errors.push(flipped.check(&request.url).await.unwrap_err());
        errors.push(flipped.send(request.clone()).await.unwrap_err());
        errors.push(failing.send(request).await.err().unwrap_or(OutError::Timeout));
    }
    errors.push(parse_url("http://canary7f3a:canary7f3a@/canary7f3a").unwrap_err());
    errors.push(parse_url("canary7f3a").unwrap_err());

    assert!(errors.len() >= 20);
    for error in errors {
        assert!(!shown(&error).contains(SECRET), "{}", shown(&error));
    }
}

#[tokio::test]
async fn refusals_name_the_host_and_the_kind_but_not_the_address() {
    let client = guarded(nothing_allowed(), FakeDns::new(&["10.11.12.13"]));
    let error = client.check(&Url::parse("https://db.example.com/x").unwrap()).await.unwrap_err();
    let expected =
        "\"db.example.com\" may not be called: it leads to an address that is not public (private)";
    assert_eq!(error.to_string(), expected);
    assert!(error.is_refused() && !error.reached());
    let malformed = parse_url("nothing").unwrap_err().to_string();
    assert_eq!(malformed, "the URL may not be called: not a valid absolute URL");
}

#[tokio::test]
async fn a_laptop_says_how_a_private_network_is_opened() {
    let check = async |policy, url: &str| {
        let client = guarded(policy, FakeDns::new(&["10.11.12.13"]));
        client.check(&Url::parse(url).unwrap()).await.unwrap_err().to_string()
    };
    for url in ["http://192.168.1.5/x", "http://db.example.com/x", "http://[fd00::1]/"] {
        let told = check(loopback_allowed(), url).await;
        assert!(told.ends_with("; the setting BATON_EGRESS_ALLOW opens private networks"), "{told}");
        assert!(!check(nothing_allowed(), url).await.contains("BATON"), "{url}");
    }
    for url in ["http://169.254.169.254/x", "http://0.0.0.0/"] {
        assert!(!check(loopback_allowed(), url).await.contains("BATON"), "nothing opens {url}");
    }
}

#[test]
fn what_happened_to_a_call_does_not_contradict_itself() {
    for (error, told) in [
        (
            OutError::Connect("example.com: refused".into()),
            "n8n cannot be reached: connection failed: example.com: refused",
        ),
        (OutError::Timeout, "n8n did not answer in time"),
        (OutError::ReplyTooLarge { status: 200 }, "n8n answered 200 with more than is read"),
        (
            OutError::Broken("example.com: reset".into()),
            "n8n's answer was lost: the exchange broke off: example.com: reset",
        ),
    ] {
        assert_eq!(error.of("n8n"), told);
    }
}

#[test]
fn debug_of_requests_and_replies_shows_sizes_only() {
    let request = secretive("https://user:canary7f3a@example.com:8443");
    let text = format!("{request:?} {request:#?}");
    assert!(!text.contains(SECRET) && text.contains("example.com") && text.contains("8443"), "{text}");

    let reply = OutReply { status: 200, headers: request.headers, body: request.body };
    let text = format!("{reply:?} {reply:#?}");
    assert!(!text.contains(SECRET) && text.contains("body_bytes: 10"), "{text}");
}
