//! Every spelling in `forbidden.txt` is refused and reaches nothing; every one in `public.txt` passes the guard.

use std::{fmt::Debug, net::TcpStream};

use url::Url;

use super::fakes::{Answer, FakeDns, Sink, get, guarded, loopback_allowed, nothing_allowed, ok};
use crate::egress::{HttpOut, OutError, OutRequest, Policy, Reason, Resolver, parse_url};

struct Row {
    reason: &'static str,
    url: String,
    answers: Vec<&'static str>,
}

fn forbidden(port: u16) -> Vec<Row> {
    let lines =
        include_str!("../forbidden.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let [reason, url, dns, _why] = line.split(" | ").collect::<Vec<_>>()[..] else {
                panic!("columns: {line}")
            };
            Row { reason, url: url.replace("{port}", &port.to_string()), answers: answers(dns) }
        })
        .collect()
}

fn answers(dns: &str) -> Vec<&str> {
    if dns == "-" { Vec::new() } else { vec![dns] }
}

/// `Reason` and `Kind` as the fixture writes them: `UniqueLocal` is `unique-local`.
fn written(reason: Reason) -> String {
    fn kebab(name: impl Debug) -> String {
        let name = format!("{name:?}");
        let start = name[..1].to_lowercase();
        name[1..].chars().fold(start, |text, c| {
            if c.is_uppercase() { format!("{text}-{}", c.to_lowercase()) } else { format!("{text}{c}") }
        })
    }
    match reason {
        Reason::Address(kind) => kebab(kind),
        other => kebab(other),
    }
}

/// What saving, and then sending, made of a text.
async fn verdicts(policy: &Policy, row: &Row) -> [Result<(), OutError>; 2] {
    let client = guarded(policy.clone(), FakeDns::new(&row.answers) as std::sync::Arc<dyn Resolver>);
    match parse_url(&row.url) {
        Err(error) => [Err(error.clone()), Err(error)],
        Ok(url) => {
            let request = OutRequest { url: url.clone(), ..get("http://unused.example/") };
            [client.check(&url).await, client.send(request).await.map(drop)]
        }
    }
}

fn assert_refused(row: &Row, verdict: &Result<(), OutError>) {
    match verdict {
        Err(OutError::Refused(refusal)) => assert_eq!(written(refusal.reason), row.reason, "{}", row.url),
        other => panic!("{} is to be refused as {}, got {other:?}", row.url, row.reason),
    }
}

#[tokio::test]
async fn forbidden_spellings_are_refused_at_save_and_at_send_and_reach_nothing() {
    let sink = Sink::everywhere(ok("reached"));
    let rows = forbidden(sink.address.port());
    assert!(rows.len() >= 150, "{} rows", rows.len());
    for row in &rows {
        for verdict in verdicts(&nothing_allowed(), row).await {
            assert_refused(row, &verdict);
        }
    }
    assert_eq!((sink.connections(), sink.requests().len()), (0, 0));
}

/// Guards the test above against a sink that nothing could have reached anyway.
#[tokio::test]
async fn the_sink_is_within_reach_of_the_forbidden_addresses() {
    let sink = Sink::everywhere(ok("reached"));
    let mut reachable = 0;
    for address in ["127.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]"] {
        reachable += usize::from(TcpStream::connect(format!("{address}:{}", sink.address.port())).is_ok());
    }
    assert!(reachable >= 1);
    assert_eq!(sink.connections(), reachable);
}

#[tokio::test]
async fn opening_loopback_opens_nothing_else() {
    let sink = Sink::everywhere(ok("reached"));
    for row in forbidden(sink.address.port()).iter().filter(|row| row.reason != "loopback") {
        for verdict in verdicts(&loopback_allowed(), row).await {
            assert_refused(row, &verdict);
        }
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn the_widest_exception_opens_private_networks_only() {
    let all = ["0.0.0.0/0", "::/0"].map(|net| net.parse().unwrap()).to_vec();
    let policy = Policy { allow_private: all, allow_loopback: false };
    for row in forbidden(1) {
        let client = guarded(policy.clone(), FakeDns::new(&row.answers));
        let verdict = match parse_url(&row.url) {
            Err(error) => Err(error),
            Ok(url) => client.check(&url).await,
        };
        if matches!(row.reason, "private" | "shared" | "unique-local") {
            assert_eq!(verdict, Ok(()), "{}", row.url);
        } else {
            assert_refused(&row, &verdict);
        }
    }
}

#[tokio::test]
async fn an_exception_opens_its_own_network_and_no_more() {
    let policy = Policy { allow_private: vec!["172.18.0.0/16".parse().unwrap()], allow_loopback: false };
    for (answer, open) in [("172.18.0.3", true), ("172.19.0.3", false), ("172.18.0.3,10.0.0.1", false)] {
        let client = guarded(policy.clone(), FakeDns::new(&[answer]));
        let verdict = client.check(&Url::parse("http://n8n:5678/").unwrap()).await;
        assert_eq!(verdict.is_ok(), open, "{answer}: {verdict:?}");
    }
}

#[tokio::test]
async fn public_urls_pass_the_guard() {
    let lines =
        include_str!("../public.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut passed = 0;
    for line in lines {
        let [url, dns, _why] = line.split(" | ").collect::<Vec<_>>()[..] else { panic!("columns: {line}") };
        let client = guarded(nothing_allowed(), FakeDns::new(&answers(dns)));
        assert_eq!(client.check(&parse_url(url).unwrap()).await, Ok(()), "{url}");
        passed += 1;
    }
    assert!(passed >= 50, "{passed} rows");
}

#[tokio::test]
async fn localhost_means_this_machine_without_asking_dns() {
    let sink = Sink::on_loopback(ok("hello"));
    let dns = FakeDns::new(&["8.8.8.8"]);
    let client = guarded(loopback_allowed(), dns.clone());
    for host in ["localhost", "n8n.localhost", "LOCALHOST.", "127.1", "2130706433"] {
        let reply = client.send(get(&format!("http://{host}:{}/", sink.address.port()))).await.unwrap();
        assert_eq!(&reply.body[..], b"hello", "{host}");
    }
    assert_eq!(dns.asked(), 0);
}

#[tokio::test]
async fn tunnels_and_traces_are_no_calls() {
    let sink = Sink::on_loopback(Answer::Nothing);
    let client = guarded(loopback_allowed(), FakeDns::new(&[]));
    for method in [http::Method::CONNECT, http::Method::TRACE] {
        let error = client.send(OutRequest { method, ..get(&sink.url("/")) }).await.unwrap_err();
        assert!(matches!(error, OutError::Refused(refusal) if refusal.reason == Reason::Method));
    }
    assert_eq!(sink.connections(), 0);
}

#[test]
fn an_overlong_url_is_malformed() {
    let long = |bytes: usize| parse_url(&format!("{:a<bytes$}", "https://example.com/"));
    assert!(long(8192).is_ok());
    assert!(long(8193).unwrap_err().is_refused());
}
