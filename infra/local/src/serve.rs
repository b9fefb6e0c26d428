//! `baton serve`: the product in one process.

use std::time::Duration;

use anyhow::Context;
use shared::{config::LocalSettings, http::proxies::Proxies};
use tokio::{net::TcpListener, sync::watch, time::timeout};

use crate::{
    house::{self, House},
    sockets::{accept::Host, descriptors, limits::Limits},
    welcome, workers,
};

/// The process ends so long after its connections at the latest.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Serves until SIGTERM or Ctrl-C; requests and messages under way are finished, for as long as the limits allow.
pub async fn run(settings: &LocalSettings, json: bool) -> anyhow::Result<()> {
    let signal = signal().context("signals cannot be heard")?;
    let limits = Limits::default().within(descriptors::raise());
    let house = house::open(settings).await?;
    let listener = TcpListener::bind(settings.addr)
        .await
        .with_context(|| format!("BATON_ADDR: cannot listen on {}", settings.addr))?;
    welcome::greet(&house.app, settings, listener.local_addr()?, json).await?;
    until(&house, listener, limits, settings, async {
        let why = signal.await;
        tracing::info!(why, "stopping");
    })
    .await;
    Ok(())
}

/// Serves within these limits until `signal`.
pub async fn until(
    house: &House,
    listener: TcpListener,
    limits: Limits,
    settings: &LocalSettings,
    signal: impl Future<Output = ()>,
) {
    let farewell = limits.farewell + LAST_WORDS;
    let (stop, stopped) = watch::channel(false);
    let until = || {
        let mut stopped = stopped.clone();
        async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let (app, file) = (&house.app, &house.file);
    let limits = limits.for_bodies_of(settings.platform.max_body_bytes);
    let host = Host::new(app, limits, Proxies::new(settings.platform.trusted_proxies.clone()));
    let work = async {
        tokio::join!(host.serve(listener, until()), workers::run(app, file, until));
    };
    tokio::pin!(work);
    tokio::select! {
        () = &mut work => return,
        () = signal => {}
    }
    let _ = stop.send(true);
    if timeout(farewell, work).await.is_err() {
        tracing::warn!("stopped with work under way; what is owed is done after the next start");
    }
    if timeout(LAST_WORDS, app.accounts().note_all_key_uses()).await.is_err() {
        tracing::warn!("stopped before it was noted how often keys were used in the last minute");
    }
}

/// Listens for the wish to stop, from this call on: a signal that comes while the house opens its doors is heard too.
#[cfg(unix)]
fn signal() -> std::io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => "interrupt",
            _ = terminate.recv() => "SIGTERM",
        }
    })
}

/// Listens for the wish to stop.
#[cfg(not(unix))]
fn signal() -> std::io::Result<impl Future<Output = &'static str>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        "interrupt"
    })
}
