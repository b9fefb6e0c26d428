//! The data directory and the app over it.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, bail};
use shared::{
    app::{App, Ports, SharedApp},
    blobs::disk::DiskBlobs,
    config::{Env, LocalSettings, ProcessEnv},
    egress::{Guarded, Policy, SystemResolver},
    estate::Estate,
    ids::SystemIds,
    private,
    queue::embedded::SqliteQueue,
    sealer::keyfile::KeyFile,
    store::{
        Store,
        embedded::{self, Sqlite},
        whole::Whole,
    },
};

/// What the data directory is made of; the store puts more files beside its own.
const DATABASE: &str = "baton.db";
const BODIES: &str = "blobs";
const KEY: &str = "secret.key";

/// The app and the engine that only the local host looks after.
pub struct House {
    pub app: SharedApp,
    pub file: Sqlite,
    bodies: Arc<DiskBlobs>,
}

/// Another table of the same form, for its items alone.
pub struct OtherTable {
    pub store: Arc<dyn Store>,
    pub whole: Arc<dyn Whole>,
}

/// Everything that organizations have: in the table and the bucket that `BATON_TABLE` and `BATON_BUCKET` name, or in the data
/// directory.
pub async fn estate(settings: &LocalSettings) -> anyhow::Result<Estate> {
    if ProcessEnv.text("BATON_TABLE").is_some() {
        return estate_over_aws();
    }
    let House { app, file, bodies } = open(settings).await?;
    let (store, blobs, clock) = (app.store.clone(), app.blobs.clone(), app.clock.clone());
    Ok(Estate { store, whole: Arc::new(file), blobs, bodies, clock })
}

#[cfg(feature = "aws")]
fn estate_over_aws() -> anyhow::Result<Estate> {
    Ok(shared::wiring::estate(&shared::config::function::FunctionSettings::read(&ProcessEnv)?)?)
}

#[cfg(feature = "aws")]
pub fn other_table(name: &str) -> anyhow::Result<OtherTable> {
    let settings = shared::config::function::FunctionSettings::read(&ProcessEnv)?;
    let table = Arc::new(shared::wiring::table(&settings, name)?);
    Ok(OtherTable { store: table.clone(), whole: table })
}

#[cfg(feature = "aws")]
pub async fn protect(table: Option<String>) -> anyhow::Result<Vec<&'static str>> {
    let settings = shared::config::function::FunctionSettings::read(&ProcessEnv)?;
    let name = table.unwrap_or_else(|| settings.table.clone());
    Ok(shared::wiring::table(&settings, &name)?.protect().await?)
}

#[cfg(not(feature = "aws"))]
fn estate_over_aws() -> anyhow::Result<Estate> {
    over_aws().and_then(|_| bail!("not over AWS"))
}

#[cfg(not(feature = "aws"))]
pub fn other_table(_: &str) -> anyhow::Result<OtherTable> {
    bail!(
        "another table takes a baton that was built with `--features aws`; a data directory is restored from its backup"
    )
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "as over AWS")]
pub async fn protect(_: Option<String>) -> anyhow::Result<Vec<&'static str>> {
    bail!("a table takes a baton that was built with `--features aws`")
}

/// The app that holds the accounts: the table in AWS when `BATON_TABLE` names one, the data directory otherwise.
pub async fn accounts(settings: &LocalSettings) -> anyhow::Result<SharedApp> {
    if ProcessEnv.text("BATON_TABLE").is_some() {
        return over_aws();
    }
    Ok(open(settings).await?.app)
}

#[cfg(feature = "aws")]
fn over_aws() -> anyhow::Result<SharedApp> {
    Ok(shared::wiring::over_aws(shared::config::function::FunctionSettings::read(&ProcessEnv)?)?)
}

#[cfg(not(feature = "aws"))]
fn over_aws() -> anyhow::Result<SharedApp> {
    anyhow::bail!("BATON_TABLE is set, but this baton was built without `--features aws`")
}

/// Opens the data directory, creating it when it is missing. Several processes may have it open. What is incomplete is not
/// opened: a start over what was lost would look like one that went well.
pub async fn open(settings: &LocalSettings) -> anyhow::Result<House> {
    let dir = &settings.data_dir;
    own(dir).with_context(|| format!("BATON_DATA_DIR: cannot create {}", dir.display()))?;
    let clock = clock()?;
    let (database, key) = (dir.join(DATABASE), dir.join(KEY));
    if embedded::is_hollow(&database) && key.exists() {
        bail!(
            "{} is empty, but {} shows that it was not: put it back from a backup, or move both away to begin with nothing",
            database.display(),
            key.display()
        );
    }
    let file = Sqlite::open(&database)?;
    if !key.exists() && file.holds_sealed_values().await? {
        bail!(
            "{} is missing, and {} holds values that open with it alone: put it back from a backup, or make another with \
             `baton secret new` and give Baton the keys of each n8n again (POST /api/installs/register)",
            key.display(),
            database.display()
        );
    }
    // A laptop's n8n lives on loopback, so that is allowed here; nothing else private is unless the operator says so.
    let policy = Policy { allow_loopback: true, allow_private: settings.egress_allow.clone() };
    let bodies = Arc::new(DiskBlobs::open(dir.join(BODIES), clock.clone())?);
    let ports = Ports {
        store: Arc::new(file.clone()),
        queue: Arc::new(SqliteQueue::new(&file, clock.clone())),
        blobs: bodies.clone(),
        sealer: Arc::new(KeyFile::open(key)?),
        http: Arc::new(Guarded::new(policy, Arc::new(SystemResolver))?),
        clock,
        ids: Arc::new(SystemIds::default()),
    };
    Ok(House { app: App::new(disturbed(ports)?, settings.platform.clone()), file, bodies })
}

#[cfg(feature = "chaos")]
use crate::chaos::{clock, disturbed};

#[cfg(not(feature = "chaos"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "a build that is to fail now and then has settings, which may be wrong"
)]
fn clock() -> anyhow::Result<Arc<dyn shared::clock::Clock>> {
    Ok(Arc::new(shared::clock::SystemClock))
}

#[cfg(not(feature = "chaos"))]
#[expect(clippy::unnecessary_wraps, reason = "as above")]
fn disturbed(ports: Ports) -> anyhow::Result<Ports> {
    Ok(ports)
}

/// Makes a key file in place of one that was lost. What the lost one sealed never opens again.
pub fn new_key(settings: &LocalSettings) -> anyhow::Result<std::path::PathBuf> {
    let path = settings.data_dir.join(KEY);
    own(&settings.data_dir)?;
    if path.exists() {
        bail!("{} is there: move it away first, if it really is to be replaced", path.display());
    }
    KeyFile::open(&path)?;
    Ok(path)
}

/// The directory holds the key that opens every stored secret: nobody else may look into it. One that holds other things as
/// well is somebody else's business too, and stays as it is; what is ours in it is closed by itself.
fn own(dir: &Path) -> std::io::Result<()> {
    if !dir.is_dir() {
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent)?;
        }
        return match private::make_folder(dir) {
            // By another process, just now.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            made => made,
        };
    }
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if ![DATABASE, BODIES, KEY].iter().any(|ours| name.starts_with(ours)) {
            return Ok(());
        }
    }
    // A folder that another user has made cannot be changed, and need not be: what is in it is ours alone.
    match private::mend(dir) {
        Ok(true) => {
            let path = dir.display();
            tracing::warn!(%path, "others could look into the data directory: it is its owner's alone now");
        }
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(%error, path = %dir.display(), "others can look into the data directory");
        }
    }
    Ok(())
}
