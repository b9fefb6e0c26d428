//! What earlier releases stored is read by this one: `tests/golden/<version>.jsonl` holds everything that one organization had when
//! each sample of the documents had been sent once, as that release wrote it.
//!
//! Its one rule: a file of a release is never written again once the release is out. The file of the version in `Cargo.toml` is made
//! anew with
//!
//! ```sh
//! cargo test -p house-tests --test house -- --ignored golden::write
//! ```

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};
use shared::{
    ids::{Id, Ids},
    store::{Attrs, Key, Store, Write},
};

use harness::{
    TestApp, pass,
    samples::{Sample, samples, scene},
};

/// An attribute that no release knows.
const LATER: &str = "of_a_later_release";
/// What is made, used and gone within minutes, or lives in the process that wrote it.
const PASSING: [&str; 3] = ["T#rate", "T#triggers-under-way", "G#login-failures"];

/// Under which everything was sent that may be repeated.
const ONCE: [(&str, &str); 1] = [("idempotency-key", "exec-551-0-0")];

struct Stored {
    key: Key,
    attrs: Attrs,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn file_of_this_release() -> PathBuf {
    folder().join(format!("{}.jsonl", env!("CARGO_PKG_VERSION")))
}

/// The corpora, each with its name.
fn corpora() -> Vec<(String, Vec<Stored>)> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), text.lines().map(stored).collect())
    };
    files.map(read).collect()
}

fn stored(line: &str) -> Stored {
    let line = standins::json(line).unwrap();
    let key = Key::from_parts(line["pk"].as_str().unwrap(), line["sk"].as_str().unwrap());
    Stored { key, attrs: line["item"].as_object().unwrap().clone() }
}

/// The kind of a partition: its first word, of a tenant's own or of nobody's.
fn kind(pk: &str) -> String {
    let mut parts = pk.split('#');
    let whose = parts.next().unwrap();
    let named = if whose == "T" { parts.nth(1) } else { parts.next() };
    format!("{whose}#{}", named.unwrap().split('&').next().unwrap())
}

/// A sample that ends nothing: what is to be read must still be there.
fn keeps(sample: &Sample) -> bool {
    let ends = ["DELETE"].contains(&sample.route.method.as_str());
    let last = ["log_out", "revoke", "regenerate_own_api_key", "change_password", "reset_password", "bulk"];
    !ends && !last.iter().any(|word| sample.route.operation.contains(word))
}

/// A house in which everything was done once.
async fn lived_in() -> TestApp {
    let house = scene().await;
    // Decisions stay owed.
    house.n8n.set_down(true);
    for sample in samples(&house).iter().filter(|sample| keeps(sample)) {
        let caller = sample.caller(&house).await;
        let headers: &[_] = if sample.route.remembers() { &ONCE } else { &[] };
        // Some find what an earlier one has changed, and are refused. What they wrote is what matters.
        let answer = sample.send_with(&caller, headers).await;
        assert!(answer.status < 600, "{answer:?}");
    }
    house.app.accounts().note_key_uses().await;
    pass(&house, 60).await;
    house
}

/// What Acme has, and what nobody has, by kind and key.
async fn gathered(house: &TestApp) -> Vec<(String, String)> {
    let own = format!("T#{}#", house.acme.key.tenant);
    let items = standins::dump::items(&house.file).await.unwrap();
    let kept = items.iter().filter(|item| item.pk.starts_with(&own) || item.pk.starts_with("G#"));
    kept.map(|item| {
        let attrs = standins::json(&item.body).unwrap();
        (kind(&item.pk), json!({ "pk": item.pk, "sk": item.sk, "item": attrs }).to_string())
    })
    .collect()
}

#[tokio::test]
#[ignore = "writes tests/golden"]
async fn write() {
    let lines = gathered(&lived_in().await).await;
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    fs::write(file_of_this_release(), text).unwrap();
}

/// A fresh house with the corpus in its store. Its own key lets in: keys are stored as hashes, and that of the corpus nobody has.
async fn holding(corpus: &[Stored], change: impl Fn(&mut Attrs)) -> TestApp {
    let mut house = TestApp::new().await;
    house.n8n.set_down(true);
    for item in corpus {
        let mut attrs = item.attrs.clone();
        change(&mut attrs);
        house.file.write(Write::put(item.key.clone(), attrs)).await.unwrap();
    }
    // Later than all of that, so that what is made now has ids and secrets of its own.
    house.advance(Duration::from_secs(600));
    house.ids.skip_to(Id::new(house.app.now(), 0));
    for _ in 0..10_000 {
        house.ids.secret(1);
    }
    house.restart();
    house
}

/// Reads everything that there is to read, as clients, workers and the clock do.
async fn read(house: &TestApp, of: &str) {
    for sample in samples(house).iter().filter(|sample| sample.route.method.as_str() == "GET") {
        let operation = sample.route.operation;
        let caller = sample.caller(house).await;
        let answer = sample.send_with(&caller, &[]).await;
        assert!(answer.status < 300, "{of}: {operation}: {answer:?}");
        assert!(!answer.text.contains("unreadable"), "{of}: {operation}: {}", answer.text);
    }
    // Replies that are remembered, by who asks again; but what was sealed under the key of the house that wrote it.
    let remembered =
        |sample: &&Sample| sample.route.remembers() && sample.route.operation != "connect_n8n_node";
    for sample in samples(house).iter().filter(remembered).filter(|sample| keeps(sample)) {
        let caller = sample.caller(house).await;
        let answer = sample.send_with(&caller, &ONCE).await;
        assert!(answer.status != 500, "{of}: {} again: {answer:?}", sample.route.operation);
    }
    // What is decided on what is stored; whether it still may be is not the question.
    for sample in samples(house).iter().filter(|sample| sample.route.method.as_str() != "GET") {
        let caller = sample.caller(house).await;
        let answer = sample.send_with(&caller, &[]).await;
        assert!(answer.status != 500, "{of}: {}: {answer:?}", sample.route.operation);
    }
    pass(house, 600).await;
    let items = standins::dump::items(&house.file).await.unwrap();
    let given_up: Vec<_> = items.iter().filter(|item| item.body.contains("\"given_up_why\"")).collect();
    assert!(given_up.is_empty(), "{of}: {given_up:?}");
}

#[tokio::test]
async fn what_every_release_stored_is_read() {
    let corpora = corpora();
    assert!(!corpora.is_empty(), "tests/golden is empty");
    for (release, corpus) in corpora {
        assert!(corpus.len() > 100, "{release}: {}", corpus.len());
        let house = holding(&corpus, |_| ()).await;
        read(&house, &release).await;
    }
}

/// The release before this one reads what this one writes, provided that it was read through the same test: what it does not know it
/// leaves alone. So a new attribute is for the next release to count on, and this one only writes it.
#[tokio::test]
async fn an_attribute_of_a_later_release_spoils_nothing() {
    for (release, corpus) in corpora() {
        let house = holding(&corpus, |attrs| {
            attrs.insert(LATER.into(), json!({ "nested": [1, "x", null] }));
        })
        .await;
        read(&house, &format!("{release} with {LATER}")).await;
    }
}

/// A kind that is written today and not in the corpus would not be looked at.
#[tokio::test]
async fn the_corpus_of_this_release_has_every_kind_that_it_writes() {
    let text = fs::read_to_string(file_of_this_release()).unwrap_or_default();
    let kinds = |line: Value| kind(line["pk"].as_str().unwrap());
    let known: BTreeSet<_> = text.lines().map(|line| kinds(standins::json(line).unwrap())).collect();
    let written: BTreeSet<_> = gathered(&lived_in().await).await.into_iter().map(|(kind, _)| kind).collect();
    let lacking: Vec<_> =
        written.difference(&known).filter(|kind| !PASSING.contains(&kind.as_str())).collect();
    assert!(lacking.is_empty(), "{lacking:?}: write tests/golden anew (see the head of this file)");
}
