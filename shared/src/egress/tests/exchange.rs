//! One exchange: what goes out, what comes back, and what each failure says about the peer.

use std::{
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::fakes::{Answer, DeafDns, FakeDns, Sink, get, guarded, local_client, loopback_allowed, ok, post};
use crate::egress::{HttpOut, OutError, OutRequest};

fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
    rows.iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

#[tokio::test]
async fn a_request_goes_out_and_its_reply_comes_back() {
    let sink = Sink::on_loopback(Answer::Says(
        "HTTP/1.1 422 Odd\r\nx-one: 1\r\nset-cookie: a=b\r\ncontent-length: 3\r\n\r\nwhy".to_owned(),
    ));
    let request =
        OutRequest { headers: headers(&[("x-key", "k")]), ..post(&sink.url("/p?q=1#f"), "{\"a\":1}") };
    let client = local_client();
    let reply = client.send(request.clone()).await.unwrap();
    assert_eq!((reply.status, &reply.body[..]), (422, &b"why"[..]));
    assert_eq!(reply.headers["x-one"], "1");

    client.send(request).await.unwrap();
    let expected = format!(
        "POST /p?q=1 HTTP/1.1\r\nx-key: k\r\nuser-agent: Baton/{}\r\naccept: */*\r\nhost: 127.0.0.1:{}\r\n\
         content-length: 7\r\n\r\n{{\"a\":1}}",
        env!("CARGO_PKG_VERSION"),
        sink.address.port()
    );
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines[1..].sort();
        lines
    };
    // Twice the same: no cookie, no referer.
    for arrived in sink.requests() {
        assert_eq!(sorted(&arrived), sorted(&expected));
    }
    assert_eq!(sink.connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn an_empty_body_is_framed_like_any_other() {
    let sink = Sink::on_loopback(ok(""));
    let client = local_client();
    for method in [Method::GET, Method::DELETE, Method::POST, Method::PUT, Method::PATCH] {
        let reply = client.send(OutRequest { method, ..get(&sink.url("/")) }).await.unwrap();
        assert_eq!((reply.status, reply.body.len()), (200, 0));
    }
    assert_eq!(sink.requests().len(), 5);
    assert!(sink.requests().iter().all(|request| !request.contains("transfer-encoding")));
}

#[tokio::test]
async fn framing_headers_are_the_transports_own() {
    let sink = Sink::on_loopback(ok(""));
    let given = headers(&[
        ("host", "inner.example"),
        ("content-length", "1"),
        ("transfer-encoding", "chunked"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("expect", "100-continue"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("keep-alive", "timeout=1"),
        ("proxy-authorization", "Basic eA=="),
        ("user-agent", "acme/2"),
        ("cookie", "theirs=1"),
    ]);
    local_client().send(OutRequest { headers: given, ..post(&sink.url("/"), "body") }).await.unwrap();
    let arrived = sink.requests().remove(0);
    let mut names: Vec<_> =
        arrived.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(n, _)| n).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "content-length", "cookie", "host", "user-agent"]);
    assert!(arrived.contains("user-agent: acme/2") && arrived.contains("content-length: 4"), "{arrived}");
    assert!(arrived.contains(&format!("host: 127.0.0.1:{}", sink.address.port())), "{arrived}");
}

#[tokio::test]
async fn a_reply_of_the_cap_passes_and_one_byte_more_does_not() {
    let chunked = |body: &str| {
        let half = body.len() / 2;
        let (a, b) = body.split_at(half);
        Answer::Says(format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{a}\r\n{:x}\r\n{b}\r\n0\r\n\r\n",
            a.len(),
            b.len()
        ))
    };
    let until_close =
        |body: &str| Answer::Says(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}"));
    let (fits, over) = ("x".repeat(1024), "x".repeat(1025));
    for (full, beyond) in
        [(ok(&fits), ok(&over)), (chunked(&fits), chunked(&over)), (until_close(&fits), until_close(&over))]
    {
        let reply = local_client().send(get(&Sink::on_loopback(full).url("/"))).await.unwrap();
        assert_eq!(reply.body.len(), 1024);
        let error = local_client().send(get(&Sink::on_loopback(beyond).url("/"))).await.unwrap_err();
        assert_eq!(error, OutError::ReplyTooLarge { status: 200 });
        assert!(error.reached());
    }
}

#[tokio::test]
async fn a_reply_without_end_is_given_up_at_the_cap() {
    // Announces what it never sends: the announcement alone suffices.
    let sink =
        Sink::on_loopback(Answer::Says("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_owned()));
    let error = local_client().send(get(&sink.url("/"))).await.unwrap_err();
    assert_eq!(error, OutError::ReplyTooLarge { status: 200 });
}

#[tokio::test]
async fn a_compressed_reply_is_handed_on_as_it_came() {
    let sink = Sink::on_loopback(Answer::Says(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nzzzz".to_owned(),
    ));
    let reply = local_client().send(get(&sink.url("/"))).await.unwrap();
    assert_eq!(&reply.body[..], b"zzzz");
    assert!(!sink.requests()[0].contains("accept-encoding"));
}

#[tokio::test]
async fn silence_after_the_request_is_a_timeout_that_may_have_reached() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
    for answer in [Answer::Nothing, Answer::Says(half.to_owned())] {
        let sink = Sink::on_loopback(answer);
        for request in [get(&sink.url("/")), post(&sink.url("/"), "body")] {
            #[expect(clippy::disallowed_methods, reason = "a test measures real time")]
            let started = Instant::now();
            let request = OutRequest { timeout: Duration::from_millis(200), ..request };
            let error = local_client().send(request).await.unwrap_err();
            assert_eq!(error, OutError::Timeout);
            assert!(error.reached());
            assert!(started.elapsed() < Duration::from_secs(2));
        }
    }
}

#[tokio::test]
async fn time_that_runs_out_before_a_connection_stands_reached_nobody() {
    let deaf = guarded(loopback_allowed(), std::sync::Arc::new(DeafDns));
    let silent_tls = Sink::on_loopback(Answer::Nothing);
    let tls_url = format!("https://127.0.0.1:{}/", silent_tls.address.port());
    for (client, url) in [(deaf, "http://slow.example.com/"), (local_client(), tls_url.as_str())] {
        for request in [get(url), post(url, "body")] {
            let request = OutRequest { timeout: Duration::from_millis(200), ..request };
            let error = client.send(request).await.unwrap_err();
            assert!(matches!(error, OutError::Connect(_)), "{error:?}");
            assert!(!error.reached());
        }
    }
    assert!(silent_tls.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn resolving_has_a_budget_of_its_own() {
    let client = guarded(loopback_allowed(), std::sync::Arc::new(DeafDns));
    let request = OutRequest { timeout: Duration::from_mins(1), ..get("http://slow.example.com/") };
    let started = tokio::time::Instant::now();
    let at_save = client.check(&request.url).await.unwrap_err();
    let at_send = client.send(request).await.unwrap_err();
    assert_eq!(at_save, OutError::Dns("slow.example.com: no answer within 5 s".to_owned()));
    assert_eq!(at_send, at_save);
    assert!(!at_save.reached() && !at_save.is_refused());
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_name_without_addresses_or_answer_is_a_dns_error() {
    let fails = guarded(loopback_allowed(), FakeDns::new(&[]));
    let error = fails.send(get("http://gone.example.com/")).await.unwrap_err();
    assert_eq!(error, OutError::Dns("gone.example.com: must not be asked".to_owned()));
    assert!(!error.reached());
    let empty = guarded(loopback_allowed(), FakeDns::new(&[""]));
    let request = get("http://mail-only.example.com/");
    let at_save = empty.check(&request.url).await.unwrap_err();
    assert_eq!(at_save, OutError::Dns("mail-only.example.com: no address".to_owned()));
    assert_eq!(empty.send(request).await.unwrap_err(), at_save);
}

#[tokio::test]
async fn a_closed_port_reached_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = local_client().send(post(&url, "body")).await.unwrap_err();
    assert!(matches!(&error, OutError::Connect(text) if text.starts_with("127.0.0.1: ")), "{error:?}");
    assert!(!error.reached() && !error.is_refused());
}

#[tokio::test]
async fn a_peer_that_hangs_up_or_babbles_may_have_been_reached() {
    let short = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nhalf";
    let babble = "SSH-2.0-OpenSSH_9.9\r\n\r\n";
    for answer in [Answer::HangsUp, Answer::Says(short.to_owned()), Answer::Says(babble.to_owned())] {
        let sink = Sink::on_loopback(answer);
        let error = local_client().send(post(&sink.url("/"), "body")).await.unwrap_err();
        assert!(matches!(error, OutError::Broken(_)), "{error:?}");
        assert!(error.reached());
        assert_eq!(sink.requests().len(), 1, "nothing that may have arrived is repeated");
    }
}

/// Runs a test of this file again, in a process whose environment names a proxy where nothing listens.
#[test]
fn proxies_in_the_environment_are_ignored() {
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &format!("{module}::a_request_goes_out_and_its_reply_comes_back")]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, "http://127.0.0.1:9");
    }
    let output = child.env_remove("no_proxy").env_remove("NO_PROXY").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
