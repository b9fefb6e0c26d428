//! What leads take and cost with 1,000 and with 100,000 of them in one client group:
//! `cargo run --release -p baton --example leads_speed`.
//!
//! Two organizations in one data directory are asked in turn, through the whole router. It ends with an error when the p99
//! of a list is more than twice as long with many leads as with few, or when anything costs more request units. With `counts`
//! as its argument it tells the times and holds them to nothing, as where others use the machine.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use local_host::house;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use shared::{
    app::SharedApp,
    config::{LocalSettings, ProcessEnv},
    domain::api_key,
    http::layers,
    repo::orgs,
    store::meter::Reading,
};
use standins::crowd::{address, crowd};
use tower::ServiceExt;

const FEW: u64 = 1_000;
const MANY: u64 = 100_000;
/// Ids of the leads, below those of any clock.
const FIRST: u64 = 1_000_000;
/// Measured requests of each list.
const TIMES: usize = 2000;
/// The p99 with many leads may be so many times that with few.
const FACTOR: f64 = 2.0;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let dir = tempfile::tempdir_in(".")?;
    let mut settings = LocalSettings::read(&ProcessEnv)?;
    settings.data_dir = dir.path().join("data");
    let app = house::open(&settings).await?.app;
    let service = layers::platform(local_host::router().into(), app.clone());
    let few = Asker::new(&app, &service, "few@example.com", FEW).await?;
    let many = Asker::new(&app, &service, "many@example.com", MANY).await?;
    let mut wrong = lists(&few, &many).await?;
    wrong.extend(costs(&few, &many).await?);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Measures every list in both organizations. Returns what is not as it should be.
async fn lists(few: &Asker, many: &Asker) -> Result<Vec<String>, Error> {
    println!("{:44}{FEW:>20} leads{MANY:>20} leads", "");
    println!("{:44}{:>13}{:>13}{:>13}{:>13}{:>8}{:>8}", "list", "p50", "p99", "p50", "p99", "p99 ×", "units");
    let timed = std::env::args().nth(1).is_none_or(|argument| argument != "counts");
    let mut wrong = Vec::new();
    for query in [
        String::new(),
        "&status=Won".into(),
        "&source=fair".into(),
        "&group_id=GROUP".into(),
        "&status=Won&source=fair".into(),
        "&status=Won&group_id=GROUP".into(),
        "&source=fair&group_id=GROUP".into(),
        "&status=Won&source=fair&group_id=GROUP".into(),
        "&search=ito".into(),
        "&search=hugo+ito".into(),
        format!("&email={}", address(77)),
    ] {
        let mut sides = [(few, Vec::new(), Vec::new()), (many, Vec::new(), Vec::new())];
        // The first ones warm the caches.
        for round in 0..TIMES + 20 {
            for (asker, times, units) in &mut sides {
                let path = format!("/api/leads/list?limit=10{query}").replace("GROUP", &asker.group);
                let (took, spent) = asker.ask(Method::GET, &path, &Value::Null).await?;
                if round >= 20 {
                    times.push(took);
                    units.push(spent.read_units);
                }
            }
        }
        let [(_, a, few_units), (_, b, many_units)] = sides;
        let (a, b) = (quantiles(a), quantiles(b));
        let factor = b.1.as_secs_f64() / a.1.as_secs_f64();
        let units = many_units.iter().copied().fold(0.0, f64::max);
        println!("{query:44}{:>13.2?}{:>13.2?}{:>13.2?}{:>13.2?}{factor:>8.2}{units:>8}", a.0, a.1, b.0, b.1);
        if timed && factor > FACTOR {
            wrong.push(format!("{query}: the p99 is {factor:.2} times as long"));
        }
        if few_units != many_units {
            wrong.push(format!("{query}: another cost with many leads"));
        }
    }
    Ok(wrong)
}

/// Compares what single requests cost. Returns what is not as it should be.
async fn costs(few: &Asker, many: &Asker) -> Result<Vec<String>, Error> {
    let new = json!({ "first_name": "Jane", "last_name": "Doe", "email": "jane@example.org", "lead_source": "Fair" });
    let known = json!({ "first_name": "Ada", "last_name": "Adler", "email": address(5) });
    let moved = json!({
        "action": "update_status", "status": "Lost", "ids": (FIRST..FIRST + 500).collect::<Vec<_>>(),
    });
    let mut wrong = Vec::new();
    for (name, method, path, body) in [
        ("create", Method::POST, "/api/leads".to_owned(), &new),
        ("duplicate", Method::POST, "/api/leads".to_owned(), &known),
        ("status of 500", Method::POST, "/api/leads/bulk".to_owned(), &moved),
        ("get", Method::GET, format!("/api/leads/{}", FIRST + 7), &Value::Null),
        ("delete", Method::DELETE, format!("/api/leads/{}", FIRST + 8), &Value::Null),
    ] {
        // A key is looked up once a minute: not in what is measured.
        for asker in [few, many] {
            asker.ask(Method::GET, "/api", &Value::Null).await?;
        }
        let (_, a) = few.ask(method.clone(), &path, body).await?;
        let (took, b) = many.ask(method, &path, body).await?;
        println!(
            "{name:44}{:>13} read units, {} write units, {} round trips, {took:.2?}",
            b.read_units, b.write_units, b.round_trips
        );
        if a != b {
            wrong.push(format!("{name}: {a:?} with few leads, {b:?} with many"));
        }
    }
    Ok(wrong)
}

/// The median and the 99th percentile.
fn quantiles(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// Somebody of an organization with so many leads.
struct Asker {
    app: SharedApp,
    service: layers::Platform,
    key: String,
    group: String,
}

impl Asker {
    async fn new(
        app: &SharedApp,
        service: &layers::Platform,
        email: &str,
        leads: u64,
    ) -> Result<Self, Error> {
        let password = SecretString::from("correct horse battery");
        let made = app.accounts().create_organization(email, email, &password).await?;
        let key = made.api_key.expose_secret().to_owned();
        let hash = api_key::hash(&key).ok_or("the key is not one")?;
        let known = orgs::key(&*app.store, &hash).await?.ok_or("the key is not known")?;
        crowd(&*app.store, known.tenant, known.group_id, FIRST, leads).await?;
        Ok(Self { app: app.clone(), service: service.clone(), key, group: known.group_id.to_string() })
    }

    /// How long a request took, and what it cost.
    #[expect(clippy::disallowed_methods, reason = "a stopwatch is what this is")]
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<(Duration, Reading), Error> {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request =
            Request::builder().method(method).uri(path).header("x-api-key", &self.key).body(body)?;
        let (before, start) = (self.app.store.meter().read(), Instant::now());
        let response = self.service.clone().oneshot(request).await?;
        let status = response.status();
        let text = response.into_body().collect().await?.to_bytes();
        let took = start.elapsed();
        if !status.is_success() {
            return Err(format!("{path}: {status} {}", String::from_utf8_lossy(&text)).into());
        }
        Ok((took, self.app.store.meter().read().since(&before)))
    }
}
