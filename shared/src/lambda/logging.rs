//! Log lines of a function: one JSON object each, on standard output, with the ids of the invocation and the request.
//! Those that are counted are written as metrics instead.

use std::panic;

use super::emf;
use crate::config::function::FunctionSettings;
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging for this process.
pub fn start(name: &str, settings: &FunctionSettings) -> Result<(), super::Error> {
    let (own, level) = (name.replace('-', "_"), settings.log);
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .with_filter(filter_fn(move |meta| is_wanted(meta, &own, level) && !emf::is_metric(meta)));
    let counted = emf::Emf { stack: settings.stack.clone(), function: name.to_owned(), out: emf::to_stdout }
        .with_filter(filter_fn(move |meta| emf::is_metric(meta) && *meta.level() <= level));
    tracing_subscriber::registry().with(lines).with(counted).try_init()?;
    // The default hook writes plain text to standard error, which is neither JSON nor told apart by its request.
    panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let why = panic.payload_as_str().unwrap_or("of unknown kind");
        tracing::error!(at, why, "panicked");
    }));
    Ok(())
}

/// Our own lines from `level` up; of the libraries only warnings, because what they tell below that are requests with
/// their headers. Our spans always: they are what names the request in an error's line.
fn is_wanted(meta: &Metadata<'_>, own: &str, level: LevelFilter) -> bool {
    let of = |name: &str| {
        meta.target().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let ours = of("shared") || of(own);
    if meta.is_span() {
        (ours || of("lambda_runtime")) && *meta.level() <= Level::INFO
    } else {
        *meta.level() <= if ours { level } else { level.min(LevelFilter::WARN) }
    }
}
