//! `baton serve`: the product in one process.

use anyhow::Context;
use axum::{ServiceExt, extract::Request};
use shared::{config::LocalSettings, http::layers, queue::QueueName};
use tokio::{net::TcpListener, sync::watch};

use crate::{house, router, welcome, workers};

/// Serves until SIGTERM or Ctrl-C; requests and messages under way are finished.
pub async fn run(settings: &LocalSettings, json: bool) -> anyhow::Result<()> {
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
    let service = layers::platform(router().into(), app.clone());
    let server = axum::serve(listener, ServiceExt::<Request>::into_make_service(service))
        .with_graceful_shutdown(until());
    let signals = async {
        let why = signal().await;
        tracing::info!(why, "stopping");
        let _ = stop.send(true);
    };
    let (served, ..) = tokio::join!(
        server,
        workers::drain(app, QueueName::ResumeN8n, until()),
        workers::drain(app, QueueName::PollExecutions, until()),
        workers::keep_time(app, file, until()),
        signals,
    );
    served.context("the server failed")
}

/// Waits for the wish to stop.
async fn signal() -> &'static str {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        _ = interrupt => "interrupt",
        () = terminate => "SIGTERM",
    }
}
