//! What was allowed when it was stored: names that lead elsewhere by now, redirects, and what is older than the rule.

use super::*;

/// A run whose end is asked for.
pub(super) async fn follow(house: &TestApp, installation: u64) {
    let (tenant, now) = (house.acme.key.tenant, house.app.now());
    let run = FollowedRun {
        id: house.app.id(),
        installation_id: InstallationId::from_u64(installation).unwrap(),
        workflow_id: Some("wf1".into()),
        execution_id: Some("7".into()),
        endpoint: None,
        triggered_at: now,
        after: now,
        triggered_by: house.acme.key.user_id,
        trigger_status: Some(200),
        status: PollStatus::Waiting,
        n8n_status: None,
        started_at: None,
        stopped_at: None,
        error: None,
        polls: 0,
        polled_at: None,
        poll_error: None,
        ttl: None,
        v: 1,
    };
    let runs = house.app.repos(tenant).followed_runs();
    house.app.store.write(runs.insert(&run, Some(now)).unwrap()).await.unwrap();
    house.app.hint(&Task::new(TaskKind::PollExecution, &runs.key(run.id), "req_1"), now).await;
    house.drain().await;
}

#[tokio::test]
async fn what_was_stored_before_the_rule_is_not_called() {
    let sink = Sink::everywhere(ok("reached"));
    let (house, dns) = house(as_in_aws()).await;
    let rows = bases(&sink);
    assert!(rows.len() >= 120, "{} bases", rows.len());
    for (n, (base, row)) in (1000..).zip(rows) {
        dns.say(0, &row.answers);
        call_in_every_way(&house, n, &base).await;
    }
    untouched(&sink, "at send");
}

/// The name was public whenever it was looked at, and leads to this machine when it is called.
#[tokio::test]
async fn a_name_that_changes_after_the_look_is_not_called() {
    let sink = Sink::everywhere(ok("reached"));
    let base = format!("http://rebind.example.com:{}", sink.address.port());
    for inside in ["127.0.0.1", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"] {
        let inside: IpAddr = inside.parse().unwrap();
        for then in [vec![inside], vec![PUBLIC, inside], vec![inside, PUBLIC]] {
            let (house, dns) = house(as_in_aws()).await;
            // One look at each field; the listing that follows is the first call.
            dns.say(2, &then);
            let body = json!({
                "instance_id": "flip", "host": base, "webhook_url": base, "api_key": "key", "title": "Flip",
            });
            let registered = house.acme.post("/api/installs/register", body).await;
            assert_eq!(registered.status, 201, "{registered:?}");
            dns.say(1, &then);
            let endpoint = json!({ "endpoint": format!("{base}/webhook/x") });
            let triggered = house.acme.post("/api/trigger-webhook", endpoint).await;
            assert_eq!(named(&triggered), ["endpoint"], "{triggered:?}");
            call_in_every_way(&house, 1000, &base).await;
        }
    }
    untouched(&sink, "a name that flips");
}

/// The addresses of the providers of videos are Baton's own, but their names are looked up like any.
#[tokio::test]
async fn a_provider_whose_name_leads_inside_is_not_called() {
    let (house, dns) = house(as_in_aws()).await;
    dns.say(0, &[Ipv4Addr::LOCALHOST.into()]);
    let body = json!({ "title": "x", "media_type": "video", "url": "https://vimeo.com/76979871" });
    let made = house.acme.post("/api/media", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    house.live(Duration::from_secs(5)).await;
    let item = house.acme.get(&format!("/api/media/{}", made.id())).await;
    assert_eq!(item.json["duration"], Value::Null, "{item:?}");
    // A server that cannot be reached is asked again; one that may not be called is not.
    let items = dump::items(&house.file).await.unwrap();
    let owing: Vec<_> = items.iter().filter(|item| item.due_at.is_some()).collect();
    assert!(owing.is_empty(), "{owing:?}");
}

/// An n8n that answers everything with the way inside.
#[tokio::test]
async fn no_way_out_of_a_redirect_leads_inside() {
    let inner = Sink::on_loopback(ok("reached"));
    for status in [301, 302, 303, 307, 308] {
        let (house, _) = house(local()).await;
        let moved = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            inner.url("/inner")
        );
        let outer = Sink::on_loopback(Says::Says(moved));
        let base = outer.url("");
        let body = json!({ "instance_id": "moved", "host": base, "api_key": "key", "title": "Moved" });
        assert_eq!(house.acme.post("/api/installs/register", body).await.status, 201);
        let triggered =
            house.acme.post("/api/trigger-webhook", json!({ "endpoint": format!("{base}/webhook/x") })).await;
        assert_eq!(triggered.json["n8n_status"], status, "{triggered:?}");
        let made = house
            .acme
            .post(
                "/automation/payload/create",
                json!({ "title": "x", "execution_id": "7", "resume_url": format!("{base}/webhook-waiting/7") }),
            )
            .await;
        let decision = json!({ "entity_id": made.id(), "entity_type": "custom_payload" });
        let decided = house.acme.post("/automation/approve", decision).await;
        assert_eq!(decided.json["n8n_resumed"], false, "{decided:?}");
        assert!(outer.requests().len() >= 3, "{} requests reached n8n", outer.requests().len());
    }
    untouched(&inner, "a redirect");
}
