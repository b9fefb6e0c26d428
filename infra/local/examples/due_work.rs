//! A great many debts that fall due within one minute, paid by the local host's own tick and workers, in its own data
//! directory, on a clock of its own: `cargo run --release -p baton --example due_work -- 100000 1000000 100000`. Runs of the same
//! number are averaged: the machine of the first minute is not that of the last.
//!
//! Each debt is a run that n8n is to be asked about; every other one has not ended at the first look. It ends with an error
//! when a run was looked at too seldom or too often, when a step costs more than 3.2 write units, when the process grew
//! beyond 128 MB, or when the larger number takes more than 11 times as long as the smaller for ten times as many; that last
//! not with `counts` as the first argument, as where others use the machine.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use local_host::workers;
use mimalloc::MiMalloc;
use secrecy::SecretString;
use shared::{
    app::{App, Ports, SharedApp},
    blobs::disk::MemoryBlobs,
    clock::{FixedClock, Millis},
    config::Settings,
    domain::{
        followed_run::{FollowedRun, PollStatus},
        installation::Installation,
    },
    egress::{HttpOut, OutError, OutReply, OutRequest},
    ids::{EntityId, Id, InstallationId, SeededIds},
    queue::{QueueName, embedded::SqliteQueue},
    sealer::keyfile::KeyFile,
    store::embedded::Sqlite,
    tenant::TenantId,
    work::due,
};
use url::Url;

/// As the host has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const START: Millis = Millis(1_737_455_400_000);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
/// Runs of one workflow.
const RUNS: u64 = 100;
const MOST_WRITE_UNITS: f64 = 3.2;
const MOST_MEMORY: u64 = 128 * 1024 * 1024;
/// Ten times the debts may take so many times as long.
const FACTOR: f64 = 11.0;

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1).peekable();
    let timed = arguments.next_if_eq("counts").is_none();
    let counts: Vec<u64> = arguments.map(|count| count.parse()).collect::<Result<_, _>>()?;
    let counts = if counts.is_empty() { vec![10_000, 100_000] } else { counts };
    println!("load average: {}", fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    println!(
        "{:>10}{:>10}{:>10}{:>12}{:>14}{:>14}{:>10}",
        "debts", "steps", "time", "steps/s", "write units", "a step", "RSS"
    );
    let mut took: BTreeMap<u64, Vec<Duration>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for count in counts {
        let (time, faults) = pay(count).await?;
        took.entry(count).or_default().push(time);
        wrong.extend(faults);
    }
    let took: Vec<(u64, f64)> = took.into_iter().map(|(count, times)| (count, mean(&times))).collect();
    for pair in took.windows(2) {
        if let [(few, short), (many, long)] = pair {
            let (times, slower) = (ratio(*many, *few), long / short);
            println!("{times} times as many took {slower:.2} times as long");
            if timed && slower > FACTOR / 10.0 * times {
                wrong.push(format!("{many} took {slower:.2} times as long as {few}"));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn mean(times: &[Duration]) -> f64 {
    times.iter().sum::<Duration>().as_secs_f64() / ratio(times.len() as u64, 1)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// Seeds so many debts and pays them. Returns how long the paying took, and what was not as it should be.
async fn pay(count: u64) -> Result<(Duration, Vec<String>), Error> {
    let dir = tempfile::tempdir_in(".")?;
    let file = Sqlite::open(dir.path().join("baton.db"))?;
    let clock = Arc::new(FixedClock::at(START));
    let n8n = Arc::new(Counting::new(count));
    let ports = Ports {
        store: Arc::new(file.clone()),
        queue: Arc::new(SqliteQueue::new(&file, clock.clone())),
        blobs: Arc::new(MemoryBlobs::new(clock.clone())),
        sealer: Arc::new(KeyFile::ephemeral()?),
        http: n8n.clone(),
        clock: clock.clone(),
        ids: Arc::new(SeededIds::default()),
    };
    let app = App::new(ports, Settings::default());
    let tenant = TenantId(1);
    seed(&app, tenant, count).await?;
    let before = app.store.meter().read();
    let peak = Peak::default();
    let time = drain(&app, &clock, &peak).await?;
    let spent = app.store.meter().read().since(&before);
    let steps = n8n.looks();
    let each = spent.write_units / ratio(steps, 1);
    let memory = peak.0.load(Relaxed);
    println!(
        "{count:>10}{steps:>10}{:>9.1}s{:>12.0}{:>14.0}{each:>14.3}{:>7} MB",
        time.as_secs_f64(),
        ratio(steps, 1) / time.as_secs_f64(),
        spent.write_units,
        memory >> 20
    );
    let mut wrong = n8n.wrong();
    wrong.extend(unpaid(&app, tenant, count).await?);
    if each > MOST_WRITE_UNITS {
        wrong.push(format!("{count}: a step costs {each:.3} write units"));
    }
    if memory > MOST_MEMORY {
        wrong.push(format!("{count}: the process took {} MB", memory >> 20));
    }
    Ok((time, wrong))
}

/// Minutes as they pass: a tick a second, the queue drained after each, a sweep at the end.
#[expect(clippy::disallowed_methods, reason = "a stopwatch is what this is")]
async fn drain(app: &SharedApp, clock: &FixedClock, peak: &Peak) -> Result<Duration, Error> {
    let start = Instant::now();
    for _ in 0..MINUTE.as_secs() + 5 {
        due::tick(app, SECOND, Millis(i64::MAX)).await?;
        workers::work_off(app, QueueName::PollExecutions).await;
        peak.look();
        clock.advance(SECOND);
    }
    let left = due::sweep(app, Millis(i64::MAX)).await?;
    if left.due > 0 {
        return Err(format!("{} debts are left", left.due).into());
    }
    Ok(start.elapsed())
}

fn id<I: EntityId>(n: u64) -> Result<I, Error> {
    Id::from_u64(n + 1).map(I::of).ok_or_else(|| "not an id".into())
}

async fn seed(app: &App, tenant: TenantId, count: u64) -> Result<(), Error> {
    let installation: InstallationId = id(0)?;
    let secret = SecretString::from("an n8n key");
    let mut new = Installation {
        id: installation,
        instance_id: "n8n".into(),
        host: "https://n8n.example.com".into(),
        webhook_url: None,
        title: "n8n".into(),
        sealed_api_key: String::new(),
        key_version: 1,
        group_id: id(0)?,
        created_at: START,
        changed_at: START,
        listing_error: None,
        listing_attempts: 0,
        api_key_health: None,
        seen_at: None,
        v: 1,
    };
    new.sealed_api_key = app.sealer.seal(tenant, &new.seal_record(), &secret).await?;
    let far = START.plus(Duration::from_secs(365 * 24 * 3600));
    app.store.transact(app.repos(tenant).installations().insert(&new, far)?).await?;
    let runs = app.repos(tenant).followed_runs();
    let all: Vec<u64> = (0..count).collect();
    for part in all.chunks(100) {
        let writes = part.iter().map(|&n| {
            let run = FollowedRun {
                id: id(n)?,
                installation_id: installation,
                workflow_id: Some(format!("wf{}", n / RUNS)),
                execution_id: Some(n.to_string()),
                endpoint: None,
                triggered_at: START,
                after: START,
                triggered_by: id(0)?,
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
            let spread = Duration::from_millis(MINUTE.as_secs() * 1000 * n / count);
            Ok::<_, Error>(runs.insert(&run, Some(START.plus(spread)))?)
        });
        app.store.transact(writes.collect::<Result<_, _>>()?).await?;
    }
    Ok(())
}

/// Runs that did not come to their end.
async fn unpaid(app: &App, tenant: TenantId, count: u64) -> Result<Vec<String>, Error> {
    let runs = app.repos(tenant).followed_runs();
    let mut unpaid = 0;
    for n in 0..count {
        let run = runs.get(id(n)?).await?.ok_or("a run is gone")?;
        if run.status != PollStatus::Success || u64::from(run.polls) != 1 + n % 2 || run.v != 2 + n % 2 {
            unpaid += 1;
        }
    }
    Ok(if unpaid > 0 { vec![format!("{unpaid} of {count} runs did not end as they should")] } else { vec![] })
}

/// n8n's API: every other execution is still running at the first look. Counts the looks at each.
struct Counting(Mutex<Vec<u8>>);

impl Counting {
    fn new(count: u64) -> Self {
        Self(Mutex::new(vec![0; usize::try_from(count).unwrap_or(usize::MAX)]))
    }

    fn looks(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|looks| u64::from(*looks)).sum()
    }

    fn wrong(&self) -> Vec<String> {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = looks.iter().enumerate().filter(|(n, looks)| usize::from(**looks) != 1 + n % 2).count();
        if wrong > 0 {
            vec![format!("{wrong} executions were looked at too seldom or too often")]
        } else {
            vec![]
        }
    }
}

#[async_trait]
impl HttpOut for Counting {
    async fn send(&self, request: OutRequest) -> Result<OutReply, OutError> {
        let id = request.url.path().rsplit('/').next().unwrap_or_default().to_owned();
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at: usize = id.parse().unwrap_or(usize::MAX);
        let seen = looks.get_mut(at).map_or(0, |looks| {
            *looks = looks.saturating_add(1);
            *looks
        });
        let running = at % 2 == 1 && seen < 2;
        let (status, finished) = if running { ("running", false) } else { ("success", true) };
        let stopped = if running { "null" } else { "\"2025-01-21T10:30:01.000Z\"" };
        let body = format!(
            r#"{{"id":"{id}","status":"{status}","finished":{finished},"startedAt":"2025-01-21T10:30:00.000Z","stoppedAt":{stopped},"workflowId":"wf{}"}}"#,
            u64::try_from(at).unwrap_or(0) / RUNS
        );
        Ok(OutReply { status: 200, headers: HeaderMap::new(), body: Bytes::from(body) })
    }

    async fn check(&self, _url: &Url) -> Result<(), OutError> {
        Ok(())
    }
}

/// The most memory that the process held (resident, by Linux), looked at once a second of the clock's.
#[derive(Default)]
struct Peak(AtomicU64);

impl Peak {
    fn look(&self) {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: u64 =
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default();
        self.0.fetch_max(kilobytes * 1024, Relaxed);
    }
}
