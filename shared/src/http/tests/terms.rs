//! What a key is bound to: where it is used from, and how often.

use std::time::Duration;

use http::Method;
use secrecy::ExposeSecret;

use super::{Answer, CREATED, Front};
use crate::{
    accounts::NewKey,
    config::Settings,
    domain::api_key::{Terms, network},
    http::{peer::Peer, rate, routes::RateClass},
};

const MINUTE: Duration = Duration::from_secs(60);

async fn key(front: &Front, terms: Terms) -> String {
    let wish = NewKey { terms, ..NewKey::default() };
    let (_, text) = front.house.app.accounts().create_key(&front.acme.admin, wish).await.unwrap();
    text.expose_secret().to_owned()
}

fn per(minute: Option<u32>, hour: Option<u32>) -> Terms {
    Terms { rate_limit_per_minute: minute, rate_limit_per_hour: hour, ..Terms::default() }
}

/// Status, limit, what remains, and when the window ends.
fn standing(answer: &Answer) -> (u16, Option<&str>, Option<&str>, Option<&str>) {
    let shown = |name: &str| answer.header(&format!("x-ratelimit-{name}"));
    (answer.status, shown("limit"), shown("remaining"), shown("reset"))
}

#[tokio::test]
async fn a_key_is_refused_from_outside_its_networks() {
    let front = Front::new().await;
    let networks = ["203.0.113.0/24", "2001:db8::/32"].map(|text| network(text).unwrap());
    let bound = key(&front, Terms { allowed_ips: networks.into(), ..Terms::default() }).await;
    for (address, status) in [
        (Some("203.0.113.7"), CREATED),
        (Some("2001:db8::7"), CREATED),
        (Some("::ffff:203.0.113.7"), CREATED),
        (Some("203.0.114.7"), 403),
        (None, 403),
    ] {
        let peer = Peer { address: address.map(|text| text.parse().unwrap()), https: true };
        let answer = front.send_as(peer, Method::GET, "/api", &[("x-api-key", &bound)], "").await;
        assert_eq!(answer.status, status, "{address:?}");
        if status == 403 {
            assert_eq!(answer.refusal(), (403, "ip_not_allowed".into()));
            assert!(
                !answer.text.contains("203.0.113"),
                "whoever has stolen it is not told from where it works"
            );
            assert!(answer.text.contains(address.unwrap_or("an unknown address")), "{answer:?}");
        }
        let free = front.send_as(peer, Method::GET, "/api", &[("x-api-key", front.key())], "").await;
        assert_eq!(free.status, CREATED);
    }
    let from_elsewhere = [("x-api-key", bound.as_str()), ("x-forwarded-for", "203.0.113.7")];
    let answer = front.send_as(Peer::default(), Method::GET, "/api", &from_elsewhere, "").await;
    assert_eq!(answer.status, 403, "a header that the caller writes says nothing");
}

#[tokio::test]
async fn the_limit_of_a_key_counts_all_routes_and_ends_with_the_minute() {
    let front = Front::new().await;
    let limited = key(&front, per(Some(2), None)).await;
    let header = [("x-api-key", limited.as_str())];
    assert_eq!(
        standing(&front.get("/api", &header).await),
        (CREATED, Some("2"), Some("1"), Some("1737455460"))
    );
    let other = front.get("/api/payloads/list", &header).await;
    assert_eq!(standing(&other), (CREATED, Some("2"), Some("0"), Some("1737455460")));
    let refused = front.get("/api", &header).await;
    assert_eq!(standing(&refused), (429, Some("2"), Some("0"), Some("1737455460")));
    assert_eq!(
        (refused.refusal(), refused.header("retry-after")),
        ((429, "rate_limited".into()), Some("60"))
    );
    assert!(refused.text.contains("in this minute"), "{refused:?}");
    assert_eq!(front.get("/api", &[("x-api-key", front.key())]).await.status, CREATED, "another key");
    front.house.advance(MINUTE);
    assert_eq!(
        standing(&front.get("/api", &header).await),
        (CREATED, Some("2"), Some("1"), Some("1737455520"))
    );
}

#[tokio::test]
async fn of_several_limits_the_tightest_is_shown_and_wins() {
    let front = Front::new().await;
    let limited = key(&front, per(Some(2), Some(3))).await;
    let header = [("x-api-key", limited.as_str())];
    let get = async || front.get("/api", &header).await;
    // 10:31 and 11:00.
    let (minute, hour) = (Some("1737455460"), Some("1737457200"));
    assert_eq!(standing(&get().await), (CREATED, Some("2"), Some("1"), minute));
    assert_eq!(standing(&get().await), (CREATED, Some("2"), Some("0"), minute));
    assert_eq!(standing(&get().await), (429, Some("2"), Some("0"), minute));
    front.house.advance(MINUTE);
    // What the minute refused, the hour has not counted.
    assert_eq!(standing(&get().await), (CREATED, Some("3"), Some("0"), hour));
    let refused = get().await;
    assert_eq!(standing(&refused), (429, Some("3"), Some("0"), hour));
    assert_eq!(refused.header("retry-after"), Some("1740"));
    assert!(refused.text.contains("in this hour"), "{refused:?}");
    front.house.advance(29 * MINUTE);
    assert_eq!(standing(&get().await).0, CREATED);
}

#[tokio::test]
async fn what_the_hour_refuses_no_other_limit_counts() {
    let settings = Settings { trigger_limit: 3, ..Settings::default() };
    let front = Front::with(settings).await;
    let limited = key(&front, per(None, Some(2))).await;
    let header = [("x-api-key", limited.as_str())];
    let trigger = async || front.send(Method::POST, "/api/trigger-webhook", &header, "").await;
    for expected in [(CREATED, Some("2")), (CREATED, Some("2")), (429, Some("2")), (429, Some("2"))] {
        let answer = trigger().await;
        assert_eq!((answer.status, answer.header("x-ratelimit-limit")), expected);
    }
    let held = front.house.store_calls(trigger()).await;
    assert_eq!((held.0.status, held.1), (429, 0), "a window that is used up costs nothing to refuse");
}

#[tokio::test]
async fn a_limit_holds_over_all_instances() {
    let front = Front::new().await;
    let limited = key(&front, per(Some(12), None)).await;
    let caller = front.house.app.accounts().authenticate(&limited).await.unwrap().principal;
    let limits = rate::limits(RateClass::None, &front.house.app.settings, &caller);
    let instances: Vec<_> = (0..3).map(|_| front.house.another_instance()).collect();
    let mut allowed = 0;
    for _ in 0..10 {
        for instance in &instances {
            let counted = (caller.tenant, caller.counted_as());
            let spent = instance.limiter.spend(&*instance.store, counted, &limits, front.house.now()).await;
            allowed += usize::from(spent.unwrap().unwrap().allowed);
        }
    }
    assert_eq!(allowed, 12);
}
