//! The data directory and the app over it.

use std::{fs, path::Path, sync::Arc};

use anyhow::Context;
use shared::{
    app::{App, Ports, SharedApp},
    blobs::disk::DiskBlobs,
    config::{Env, LocalSettings, ProcessEnv},
    egress::{Guarded, Policy, SystemResolver},
    ids::SystemIds,
    queue::embedded::SqliteQueue,
    sealer::keyfile::KeyFile,
    store::embedded::Sqlite,
};

/// The app and the engine that only the local host looks after.
pub struct House {
    pub app: SharedApp,
    pub file: Sqlite,
}

/// The app that holds the accounts: the table in AWS when `BATON_TABLE` names one, the data directory otherwise.
pub fn accounts(settings: &LocalSettings) -> anyhow::Result<SharedApp> {
    if ProcessEnv.text("BATON_TABLE").is_some() {
        return over_aws();
    }
    Ok(open(settings)?.app)
}

#[cfg(feature = "aws")]
fn over_aws() -> anyhow::Result<SharedApp> {
    Ok(App::over_aws(shared::config::function::FunctionSettings::read(&ProcessEnv)?)?)
}

#[cfg(not(feature = "aws"))]
fn over_aws() -> anyhow::Result<SharedApp> {
    anyhow::bail!("BATON_TABLE is set, but this baton was built without `--features aws`")
}

/// Opens the data directory, creating it when it is missing. Several processes may have it open.
pub fn open(settings: &LocalSettings) -> anyhow::Result<House> {
    let dir = &settings.data_dir;
    create_private(dir).with_context(|| format!("BATON_DATA_DIR: cannot create {}", dir.display()))?;
    let clock = clock()?;
    let file = Sqlite::open(dir.join("baton.db"))?;
    // A laptop's n8n lives on loopback, so that is allowed here; nothing else private is unless the operator says so.
    let policy = Policy { allow_loopback: true, allow_private: settings.egress_allow.clone() };
    let ports = Ports {
        store: Arc::new(file.clone()),
        queue: Arc::new(SqliteQueue::new(&file, clock.clone())),
        blobs: Arc::new(DiskBlobs::open(dir.join("blobs"), clock.clone())?),
        sealer: Arc::new(KeyFile::open(dir.join("secret.key"))?),
        http: Arc::new(Guarded::new(policy, Arc::new(SystemResolver))?),
        clock,
        ids: Arc::new(SystemIds::default()),
    };
    Ok(House { app: App::new(disturbed(ports)?, settings.platform.clone()), file })
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

/// The directory holds the key that opens every stored secret: nobody else may look into it.
fn create_private(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    #[cfg(unix)]
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}
