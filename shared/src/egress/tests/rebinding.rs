//! A DNS that changes its answers gains nothing: what is dialled is what was judged, in the same breath.

use super::fakes::{Answer, FakeDns, Sink, get, guarded, loopback_allowed, nothing_allowed, ok};
use crate::egress::{HttpOut, Kind, OutError, Reason};

fn closing(body: &str) -> Answer {
    Answer::Says(format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn kind_refused(error: &OutError) -> Option<Kind> {
    match error {
        OutError::Refused(refusal) => match refusal.reason {
            Reason::Address(kind) => Some(kind),
            _ => None,
        },
        _ => None,
    }
}

#[tokio::test]
async fn public_at_save_and_loopback_at_send_is_refused() {
    let sink = Sink::on_loopback(ok("stolen"));
    let dns = FakeDns::new(&["93.184.215.14", "127.0.0.1"]);
    let client = guarded(nothing_allowed(), dns.clone());
    let request = get(&format!("http://rebind.example.com:{}/", sink.address.port()));

    assert_eq!(client.check(&request.url).await, Ok(()));
    let error = client.send(request).await.unwrap_err();

    assert_eq!(kind_refused(&error), Some(Kind::Loopback));
    assert_eq!(dns.asked(), 2, "send resolves once, at the moment of dialling");
    assert_eq!((sink.connections(), sink.requests().len()), (0, 0));
}

/// The forbidden address here is `0.0.0.0`, which dials this very machine while loopback is allowed: each answer would
/// reach the sink if it were dialled, so what arrives shows which answers were.
#[tokio::test]
async fn of_many_flipping_answers_only_the_clean_ones_are_dialled() {
    let sink = Sink::on("0.0.0.0:0", closing("hello")).unwrap();
    let answers = ["127.0.0.1", "0.0.0.0", "127.0.0.1,0.0.0.0", "127.0.0.1", "0.0.0.0,127.0.0.1"];
    let dns = FakeDns::new(&answers);
    let client = guarded(loopback_allowed(), dns.clone());

    let mut expected = Vec::new();
    for call in 0..100 {
        let clean = answers[call % answers.len()] == "127.0.0.1";
        let outcome =
            client.send(get(&format!("http://flip.example.com:{}/{call}", sink.address.port()))).await;
        assert_eq!(dns.asked(), call + 1, "one resolution for each connection");
        if clean {
            assert_eq!(outcome.unwrap().status, 200);
            expected.push(format!("GET /{call} HTTP/1.1"));
        } else {
            assert_eq!(kind_refused(&outcome.unwrap_err()), Some(Kind::Unspecified));
        }
    }

    let arrived: Vec<_> = sink.requests().iter().map(|r| r.lines().next().unwrap().to_owned()).collect();
    assert_eq!(arrived, expected);
    assert_eq!(sink.connections(), expected.len());
}

#[tokio::test]
async fn a_bad_address_beside_a_good_one_is_not_dialled_even_as_a_fallback() {
    let sink = Sink::on("0.0.0.0:0", ok("stolen")).unwrap();
    // Nothing listens on ::1 here, so a connector that tried the next address would reach the sink.
    let client = guarded(loopback_allowed(), FakeDns::new(&["::1,0.0.0.0"]));
    let error =
        client.send(get(&format!("http://mixed.example.com:{}/", sink.address.port()))).await.unwrap_err();
    assert_eq!(kind_refused(&error), Some(Kind::Unspecified));
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_redirect_is_a_reply_and_is_not_followed() {
    let inner = Sink::on_loopback(ok("stolen"));
    for status in [301, 302, 303, 307, 308] {
        let location = inner.url("/inner");
        let outer = Sink::on_loopback(Answer::Says(format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        )));
        let client = guarded(loopback_allowed(), FakeDns::new(&[]));
        let reply = client.send(get(&outer.url("/"))).await.unwrap();
        assert_eq!(reply.status, status);
        assert_eq!(reply.headers["location"], location.as_str());
    }
    assert_eq!(inner.connections(), 0);
}
