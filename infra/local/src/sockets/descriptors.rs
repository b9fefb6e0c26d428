//! How many files and sockets this process may have open.
//!
//! Its one rule: all that the system grants is asked for, once, before the first socket.

/// No process of ours needs more.
const ENOUGH: u64 = 65_536;

/// Raises the soft limit as far as the hard one allows, and says what it is then.
#[cfg(unix)]
pub fn raise() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let soft = limit.current.unwrap_or(ENOUGH);
    let wanted = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    let raised = soft < wanted
        && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit })
            .inspect_err(|error| tracing::warn!(%error, "the limit of open files cannot be raised"))
            .is_ok();
    usize::try_from(if raised { wanted } else { soft }).unwrap_or(usize::MAX)
}

/// Elsewhere sockets are not counted with files.
#[cfg(not(unix))]
pub fn raise() -> usize {
    usize::try_from(ENOUGH).unwrap_or(usize::MAX)
}
