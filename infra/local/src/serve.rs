//! `baton serve`: the product in one process.

use anyhow::Context;
use axum::{ServiceExt, extract::Request, middleware::from_fn_with_state};
use shared::{
    config::LocalSettings,
    http::{layers, peer::Peer},
};
use tokio::{net::TcpListener, sync::watch};

use tower::Layer;

use crate::{
    gate::{self, Gate},
    house, router, welcome, workers,
};

/// Serves until SIGTERM or Ctrl-C; requests and messages under way are finished.
pub async fn run(settings: &LocalSettings, json: bool) -> anyhow::Result<()> {
    let signal = signal().context("signals cannot be heard")?;
    let house = house::open(settings)?;
    let listener = TcpListener::bind(settings.addr)
        .await
        .with_context(|| format!("BATON_ADDR: cannot listen on {}", settings.addr))?;
    let addr = listener.local_addr()?;
    welcome::greet(&house.app, settings, addr, json).await?;
    let (stop, stopped) = watch::channel(false);
    let until = || {
        let mut stopped = stopped.clone();
        async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    };
    let (app, file) = (&house.app, &house.file);
    let platform = layers::platform(router().into(), app.clone());
    let service = from_fn_with_state(Gate::new(app), gate::admit).layer(platform);
    let server =
        axum::serve(listener, ServiceExt::<Request>::into_make_service_with_connect_info::<Peer>(service))
            .with_graceful_shutdown(until());
    let signals = async {
        let why = signal.await;
        tracing::info!(why, "stopping");
        let _ = stop.send(true);
    };
    let (served, ..) = tokio::join!(server, workers::run(app, file, until), signals,);
    served.context("the server failed")
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
