//! What was acknowledged outlives the process: a child writes and tells what was acknowledged, and is killed at a
//! random moment, again and again on the same file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use shared::clock::SystemClock;
use shared::queue::{Outgoing, Queue, QueueName, embedded::SqliteQueue};
use shared::store::{Change, Key, Query, Store, Write, embedded::Sqlite};
use shared::tenant::TenantId;

const KILLS: usize = 25;
const WRITERS: u64 = 8;
const TENANT: TenantId = TenantId(1);
const FILE: &str = "CRASH_TEST_FILE";

fn single(name: &str) -> Key {
    Key::of(TENANT, "single", name)
}

/// Both halves are written in one transaction.
fn halves(name: &str) -> [Key; 2] {
    [Key::of(TENANT, "left", name), Key::of(TENANT, "right", name)]
}

#[tokio::test]
async fn acknowledged_writes_survive_kills() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.db");
    let (mut acknowledged, mut kills_in_flight) = (BTreeSet::new(), 0);
    for _ in 0..KILLS {
        let before = acknowledged.len();
        acknowledged.extend(run_and_kill(&file));
        kills_in_flight += usize::from(acknowledged.len() > before);
        verify(&file, &acknowledged).await;
    }
    assert!(kills_in_flight > KILLS / 2, "most kills hit a child that was writing");
}

/// Runs a child for a random time after its first acknowledgement and returns what it acknowledged.
fn run_and_kill(file: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writes_until_it_is_killed", "--nocapture", "--test-threads=1"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let (started, start) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let (mut all, mut line) = (Vec::new(), String::new());
        while lines.read_line(&mut line).unwrap() > 0 {
            // A line that the kill cut short acknowledges nothing.
            if let Some(name) = line.strip_suffix('\n').and_then(|line| line.strip_prefix("ack ")) {
                all.push(name.to_owned());
                let _ = started.send(());
            }
            line.clear();
        }
        all
    });
    start.recv_timeout(Duration::from_secs(20)).unwrap();
    let mut random = [0];
    SystemRandom::new().fill(&mut random).unwrap();
    std::thread::sleep(Duration::from_millis(u64::from(random[0]) / 4));
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

async fn verify(file: &Path, acknowledged: &BTreeSet<String>) {
    let store = Sqlite::open(file).unwrap();
    let names = async |partition: &str| {
        let (mut names, mut after) = (BTreeSet::new(), None);
        loop {
            let query = Query::table(Key::partition(TENANT, partition)).limit(1000).after(after);
            let page = store.query(&query).await.unwrap();
            names.extend(page.items.into_iter().map(|item| item.key.sk().to_owned()));
            match page.next {
                Some(next) => after = Some(next),
                None => return names,
            }
        }
    };
    let (mut kept, left, right) = (names("single").await, names("left").await, names("right").await);
    assert_eq!(left, right, "a transaction was torn");
    kept.extend(left);
    kept.extend(messages(file));
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{} of {} were lost: {lost:?}", lost.len(), acknowledged.len());
}

/// Read from the table, because a receive would count as a delivery.
fn messages(file: &Path) -> Vec<String> {
    let conn = rusqlite::Connection::open(file).unwrap();
    let mut select = conn.prepare("SELECT body FROM messages").unwrap();
    select.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The child of the test above. Alone, without its file, it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as a child of acknowledged_writes_survive_kills"]
#[expect(clippy::disallowed_methods, reason = "the way from the parent to the child")]
async fn writes_until_it_is_killed() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let store = Sqlite::open(file).unwrap();
    // Names must differ between the rounds, so each counts itself in the store.
    let round =
        store.write(Write::update(Key::of(TENANT, "round", "-"), vec![Change::add("n", 1)])).await.unwrap();
    let round = round.unwrap().attrs().unwrap()["n"].as_i64().unwrap();
    let queue = SqliteQueue::new(&store, Arc::new(SystemClock));
    let (store, queue) = (&store, &queue);
    let acknowledge = |name: &str| {
        let mut out = std::io::stdout().lock();
        out.write_all(format!("ack {name}\n").as_bytes()).unwrap();
        out.flush().unwrap();
    };
    let write = |writer: u64| async move {
        for n in 0_u64.. {
            let name = |kind| format!("{round}/{kind}-{writer}-{n}");
            let body = json!({"body": "x".repeat(usize::try_from(n % 40).unwrap() * 100)});
            let attrs = body.as_object().unwrap();
            store.write(Write::put(single(&name("put")), attrs.clone())).await.unwrap();
            acknowledge(&name("put"));
            let both = halves(&name("both")).map(|key| Write::put(key, attrs.clone()));
            store.transact(both.to_vec()).await.unwrap();
            acknowledge(&name("both"));
            let message = Outgoing { body: name("sent"), delay: Duration::ZERO, tenant: TENANT };
            queue.send(QueueName::ResumeN8n, vec![message]).await.unwrap();
            acknowledge(&name("sent"));
        }
    };
    futures::future::join_all((0..WRITERS).map(write)).await;
}
