//! The clockwork: hands what has fallen due to the queues, every minute, and sweeps up what was left behind, every five.

use std::time::Duration;

use serde::Deserialize;
use shared::{
    app::App,
    clock::Millis,
    error::Result,
    work::due::{self, Report},
};

/// The schedule's input. Anything but `{"sweep": true}` is a tick.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Input {
    #[serde(default)]
    pub sweep: bool,
}

/// Ticks come a minute apart, so each hands over the coming minute as well, with a delay.
const AHEAD: Duration = Duration::from_secs(60);

/// One tick or sweep, ended before `deadline`.
pub async fn handle(app: &App, input: Input, deadline: Millis) -> Result<Report> {
    let report =
        if input.sweep { due::sweep(app, deadline).await? } else { due::tick(app, AHEAD, deadline).await? };
    report.log(input.sweep);
    Ok(report)
}
