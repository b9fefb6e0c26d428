//! An organization as a whole: erased, exported and restored, killed in between and repeated.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use shared::{
    estate::{
        Estate, erase,
        export::{self, Sink},
        restore::{self, Wish},
    },
    repo::orgs,
    store::{Key, Store, Write, embedded::Sqlite},
    tenant::TenantId,
};
use standins::{Plan, dump};
use tokio::time::timeout;

use super::deaths;
use harness::{
    PASSWORD, TestApp,
    samples::{operations, scene, staged},
};

fn estate(house: &TestApp) -> Estate {
    let (store, blobs, clock) = (house.app.store.clone(), house.app.blobs.clone(), house.app.clock.clone());
    Estate { store, whole: Arc::new(house.file.clone()), blobs, bodies: house.bodies.clone(), clock }
}

/// What stands in the table, apart from marks of what was erased.
async fn of(house: &TestApp, tenant: TenantId) -> Vec<dump::StoredItem> {
    let all = dump::items(&house.file).await.unwrap();
    let named = format!("\"tenant\":{tenant},");
    let own = Key::partition(tenant, "");
    all.into_iter()
        .filter(|item| item.pk.starts_with(&own) || (item.pk.starts_with("G#") && item.body.contains(&named)))
        .collect()
}

/// The table as it is now, in another file.
async fn copy(house: &TestApp) -> Sqlite {
    let other = Sqlite::memory().unwrap();
    for item in dump::items(&house.file).await.unwrap() {
        let attrs = shared::json::from_str(&item.body).map(|shared::json::Tree(value)| value).unwrap();
        let serde_json::Value::Object(attrs) = attrs else { panic!("{item:?}") };
        other.write(Write::put(Key::from_parts(item.pk, item.sk), attrs)).await.unwrap();
    }
    other
}

#[derive(Default)]
struct Kept {
    lines: BTreeMap<String, Vec<String>>,
    bodies: BTreeMap<String, Vec<u8>>,
}

impl Sink for Kept {
    fn line(&mut self, partition: &str, line: &str) -> std::io::Result<()> {
        self.lines.entry(partition.to_owned()).or_default().push(line.to_owned());
        Ok(())
    }

    fn body(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.bodies.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

async fn large(house: &TestApp) -> u64 {
    let body = json!({ "title": "Large", "payload": { "text": "x".repeat(20_000) } });
    house.acme.post("/api/payloads", body).await.id()
}

#[tokio::test]
async fn nothing_is_left_of_who_was_erased_wherever_that_was_killed() {
    let begin = async || {
        let house = TestApp::new().await;
        large(&house).await;
        house
    };
    let calm = begin().await;
    let acme = calm.acme.key.tenant;
    let wrong = erase::confirmed(&estate(&calm), acme, "acme", Duration::ZERO).await;
    assert!(wrong.is_err() && erase::mark(&calm.file, acme).await.unwrap().is_none());
    calm.faults.set(Plan::Calm);
    erase::confirmed(&estate(&calm), acme, "Acme", Duration::ZERO).await.unwrap().unwrap();
    for (plan, place) in deaths(&calm.faults.calls()) {
        let house = begin().await;
        let others = of(&house, house.rival.key.tenant).await;
        house.faults.set(plan);
        let whole = estate(&house);
        let work = erase::confirmed(&whole, acme, "Acme", Duration::ZERO);
        assert!(house.faults.survive(work).await.is_none(), "{place}");
        house.faults.set(Plan::Calm);
        erase::confirmed(&estate(&house), acme, "Acme", Duration::ZERO).await.unwrap().unwrap();
        assert_eq!(of(&house, acme).await, [], "{place}");
        assert_eq!(of(&house, house.rival.key.tenant).await, others, "{place}");
        assert!(erase::mark(&house.file, acme).await.unwrap().unwrap().ended_at.is_some(), "{place}");
        for (name, _) in house.faults.blobs() {
            let (_, name) = name.split_once('/').unwrap();
            let key = shared::blobs::BlobKey::of(acme, name);
            assert!(house.app.blobs.stat(&key).await.unwrap().is_none(), "{place}: {name}");
        }
    }
}

/// Who goes on after a kill finds no door to shut, and others may still believe what they have read.
#[tokio::test]
async fn who_was_killed_while_he_waited_waits_on() {
    const SETTLED: Duration = Duration::from_secs(60);
    const SOON: Duration = Duration::from_secs(1);
    let house = TestApp::new().await;
    let acme = house.acme.key.tenant;
    let estate = estate(&house);
    for _ in 0..2 {
        assert!(timeout(SOON, erase::run(&estate, acme, SETTLED)).await.is_err());
        let left = of(&house, acme).await;
        assert!(left.iter().any(|item| item.pk.ends_with("#org")), "{left:?}");
    }
    house.clock.advance(SETTLED);
    timeout(10 * SOON, erase::run(&estate, acme, SETTLED)).await.expect("it has waited long enough").unwrap();
    assert!(of(&house, acme).await.is_empty());
}

#[tokio::test]
async fn who_was_erased_is_erased_again_and_restored_only_on_purpose() {
    let mut house = scene().await;
    let (acme, before) = (house.acme.key.tenant, copy(&house).await);
    let estate = estate(&house);
    erase::run(&estate, acme, Duration::ZERO).await.unwrap();
    house.restart();
    assert_eq!(house.acme.get("/api/payloads/42").await.status, 403);
    let refused = restore::run(&estate, &before, acme, &Wish::default()).await.unwrap_err();
    assert!(refused.to_string().contains("was erased"), "{refused}");
    assert_eq!(of(&house, acme).await, []);
    let wish = Wish { although_erased: true, ..Wish::default() };
    restore::run(&estate, &before, acme, &wish).await.unwrap();
    house.restart();
    assert_eq!(house.acme.get("/api/payloads/42").await.status, 200);
    assert_eq!(erase::all(&house.file).await.unwrap(), [acme]);
    erase::run(&estate, acme, Duration::ZERO).await.unwrap();
    assert_eq!(of(&house, acme).await, []);
}

#[tokio::test]
async fn what_was_deleted_comes_back_and_what_has_changed_stays() {
    let mut house = scene().await;
    let acme = house.acme.key.tenant;
    let made = house.acme.post("/api/payloads", json!({ "title": "Gone", "payload": { "a": 1 } })).await.id();
    let extra = house.key(&house.acme, shared::accounts::NewKey::default()).await;
    let before = copy(&house).await;
    assert_eq!(house.acme.delete(&format!("/api/payloads/{made}")).await.status, 200);
    assert_eq!(house.acme.patch("/api/payloads/42", json!({ "title": "Newer" })).await.status, 200);
    let hash = shared::domain::api_key::hash(&extra.text).unwrap();
    orgs::revoke_key(&house.file, &hash, house.app.now()).await.unwrap();
    house.restart();
    let estate = estate(&house);
    let report = restore::run(&estate, &before, acme, &Wish::default()).await.unwrap();
    assert_eq!((report.restored.get("payload"), report.replaced.len()), (Some(&1), 0), "{report:?}");
    let shown = house.acme.get(&format!("/api/payloads/{made}")).await;
    assert_eq!((shown.status, &shown.json["payload"]), (200, &json!({ "a": 1 })), "{shown:?}");
    assert_eq!(house.acme.get("/api/payloads/42").await.json["title"], "Newer");
    let again = restore::run(&estate, &before, acme, &Wish::default()).await.unwrap();
    assert_eq!((again.restored.len(), &again.kept), (0, &report.kept), "{again:?}");
    let wish =
        Wish { overwrite: true, partitions: vec!["payload".into(), "api-key".into()], ..Wish::default() };
    let over = restore::run(&estate, &before, acme, &wish).await.unwrap();
    assert_eq!((over.replaced.get("payload"), over.replaced.get("api-key")), (Some(&1), None), "{over:?}");
    assert_ne!(house.acme.get("/api/payloads/42").await.json["title"], "Newer");
    let extra = house.acme.with_key(&extra.text);
    assert_eq!(extra.get("/api/payloads/42").await.status, 403, "what was revoked stays revoked");
}

#[tokio::test]
async fn an_export_has_everything_and_no_secret() {
    let house = scene().await;
    let id = large(&house).await;
    let mut kept = Kept::default();
    let report = export::run(&estate(&house), house.acme.key.tenant, &mut kept).await.unwrap();
    assert!(report.missing.is_empty(), "{report:?}");
    for partition in
        ["org", "user", "payload", "lead", "media", "installation", "invoice", "chat", "event", "usage"]
    {
        assert!(kept.lines.contains_key(partition), "no {partition} among {:?}", kept.lines.keys());
    }
    let line = kept.lines["payload"].iter().find(|line| line.contains(&id.to_string())).unwrap();
    let body = line.split_once("\"blobs/").unwrap().1.split('"').next().unwrap();
    assert_eq!(kept.bodies[&format!("blobs/{body}")].len(), 20_011);
    let all: String = kept.lines.values().flatten().map(String::as_str).collect();
    let hash = shared::domain::api_key::hash(&house.acme.text).unwrap();
    let hash = serde_json::to_string(&hash).unwrap();
    for secret in ["sealed_", "$argon2", PASSWORD, hash.trim_matches('"'), &house.acme.text, "joe@rival"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

/// Of every sample, in its own house.
#[tokio::test]
async fn no_sample_leaves_a_secret_in_an_export() {
    for operation in operations().await {
        let (house, sample) = staged(operation).await;
        let caller = sample.caller(&house).await;
        sample.send_with(&caller, &[]).await;
        let mut kept = Kept::default();
        export::run(&estate(&house), house.acme.key.tenant, &mut kept).await.unwrap();
        let all: String = kept.lines.values().flatten().map(String::as_str).collect();
        for secret in ["sealed_", "$argon2", "password_hash", "signing_key", "token-7"] {
            assert!(!all.contains(secret), "{operation}: {secret}");
        }
    }
}
