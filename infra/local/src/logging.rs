//! Log lines: readable on a terminal, JSON otherwise, always on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use shared::config::{LocalSettings, LogFormat};
use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging for this process.
pub fn start(settings: &LocalSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::builder()
        .parse(&settings.log)
        .with_context(|| format!("BATON_LOG: {:?}", settings.log))?;
    let readable = match settings.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if readable {
        lines.with_ansi(std::io::stderr().is_terminal()).init();
    } else {
        lines.json().flatten_event(true).with_span_list(false).init();
    }
    Ok(())
}
