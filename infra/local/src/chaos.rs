//! A bad day on command: ports that fail now and then, answers that kill, and a clock that is wrong. For `tests/bad_day` and
//! `tests/deadly`; only a build with the
//! feature `chaos` has it, and nothing that is released is built with that.
//!
//! Its one rule: what goes wrong depends on the settings and the number of the call alone.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use shared::{
    app::Ports,
    clock::{Clock, Millis, SystemClock},
    config::{BadSetting, Env, ProcessEnv},
    egress::{HttpOut, OutError, OutReply, OutRequest},
};
use standins::{Faults, Plan};
use url::Url;

/// The machine's clock, so many milliseconds off.
struct Skewed(i64);

#[async_trait]
impl Clock for Skewed {
    fn now(&self) -> Millis {
        Millis(SystemClock.now().0 + self.0)
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    async fn sleep(&self, span: Duration) {
        SystemClock.sleep(span).await;
    }
}

/// A clock that is off by `BATON_CHAOS_SKEW` milliseconds.
pub fn clock() -> anyhow::Result<Arc<dyn Clock>> {
    let skew = ProcessEnv.parsed("BATON_CHAOS_SKEW", "a number of milliseconds")?;
    Ok(Arc::new(Skewed(skew.unwrap_or(0))))
}

/// Outgoing HTTP that ends the process when an answer holds a certain text, as a parser would that a peer can break.
struct Deadly {
    inner: Arc<dyn HttpOut>,
    text: String,
}

#[async_trait]
impl HttpOut for Deadly {
    async fn send(&self, request: OutRequest) -> Result<OutReply, OutError> {
        let reply = self.inner.send(request).await?;
        if String::from_utf8_lossy(&reply.body).contains(&self.text) {
            std::process::abort();
        }
        Ok(reply)
    }

    async fn check(&self, url: &Url) -> Result<(), OutError> {
        self.inner.check(url).await
    }
}

/// Ports that end the process at an answer with `BATON_CHAOS_DEADLY` in it, if that is set.
fn deadly(ports: Ports) -> Ports {
    match ProcessEnv.text("BATON_CHAOS_DEADLY") {
        Some(text) => Ports { http: Arc::new(Deadly { inner: ports.http, text }), ..ports },
        None => ports,
    }
}

/// Ports of which `BATON_CHAOS_REFUSED` of a hundred calls are refused, and of `BATON_CHAOS_UNHEARD` more the answer is lost.
pub fn disturbed(ports: Ports) -> anyhow::Result<Ports> {
    let ports = deadly(ports);
    let percent = |name| Ok::<u32, BadSetting>(ProcessEnv.parsed(name, "a number of percent")?.unwrap_or(0));
    let (refused, unheard) = (percent("BATON_CHAOS_REFUSED")?, percent("BATON_CHAOS_UNHEARD")?);
    let seed = ProcessEnv.parsed("BATON_CHAOS_SEED", "a number")?.unwrap_or(0);
    if refused + unheard == 0 {
        return Ok(ports);
    }
    let faults = Arc::new(Faults::default());
    faults.set(Plan::Storm { refused, unheard, seed });
    Ok(faults.wrap(ports))
}
