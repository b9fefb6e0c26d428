//! Which rate limits a request comes under ([`crate::rate`] holds them).

use std::time::Duration;

use super::{
    dialect::B,
    routes::{RateClass, Route},
};
pub use crate::rate::{Limit, Of, Standing, Window};
pub(crate) use crate::rate::{WINDOW, write_headers};
use crate::{
    app::App,
    clock::Millis,
    config::Settings,
    domain::{plan::Plan, principal::Principal},
    error::{Error, Result},
    rate::PLAN,
    repo::orgs,
    tenant::TenantId,
};

/// An instance believes for so long which plan an organization has.
const BELIEVED: Duration = Duration::from_secs(60);

/// The limits of a caller's request: those of the route's class, and those of the API key, which count all routes.
pub(super) fn limits(class: RateClass, settings: &Settings, caller: &Principal) -> Vec<Limit> {
    let of_class = class.limit(settings).map(|(class, most)| (class, most, Window::Minute));
    let terms = &caller.terms;
    let by_minute = terms.rate_limit_per_minute.map(|most| ("key-minute", most, Window::Minute));
    let by_hour = terms.rate_limit_per_hour.map(|most| ("key-hour", most, Window::Hour));
    let all = of_class.into_iter().chain(by_minute).chain(by_hour);
    all.map(|(class, most, window)| Limit { class, of: Of::Caller, most, window }).collect()
}

/// Whether the organization's plan counts what a route is asked.
pub(super) fn counts_plan(route: &Route) -> bool {
    *route.dialect == B
}

/// Counts a request against what its organization may send a second, whatever it asks for: a bulkhead beside the plans, which
/// are the product's. It counts what others refuse as well, since that costs the same.
///
/// # Errors
/// 429 `rate_limited` where the organization sends more.
pub(super) async fn of_tenant(app: &App, caller: &Principal, now: Millis) -> Result<()> {
    let Some(rate) = app.settings.tenant_rate else { return Ok(()) };
    let whose = (caller.tenant, caller.counted_as());
    let standing = app.limiter.spend(&*app.store, whose, &[Limit::a_second(rate)], now).await?;
    match standing.filter(|standing| !standing.allowed) {
        // Read only here: most requests ask nobody for their plan.
        Some(standing) if plan(app, caller.tenant).await? != Plan::Unlimited => Err(standing.refusal(now)),
        _ => Ok(()),
    }
}

async fn plan(app: &App, tenant: TenantId) -> Result<Plan> {
    let default = app.settings.default_plan;
    let stored = async {
        let organization = orgs::organization(&*app.store, tenant).await?;
        Ok::<_, Error>(organization.map(|organization| organization.plan.unwrap_or(default)))
    };
    let plan = app.plans.or_read(tenant, app.moment(), BELIEVED, stored).await?;
    Ok(plan.map_or(default, |plan| *plan))
}

/// The limits of an organization's plan.
async fn of_plan(app: &App, tenant: TenantId) -> Result<Vec<Limit>> {
    let Some(allowed) = plan(app, tenant).await?.allowance() else { return Ok(Vec::new()) };
    let limit = |most, window| Limit { class: PLAN, of: Of::Tenant, most, window };
    Ok(vec![limit(allowed.a_minute, Window::Minute), limit(allowed.a_day, Window::Day)])
}

/// How a request was counted, for the headers of its reply.
#[derive(Default)]
pub(super) struct Counted(Option<Standing>);

impl Counted {
    /// Counts a request against all of its limits, once. One that its caller `may` not make is counted by the plan alone: a key's own
    /// limits are for what it does.
    ///
    /// # Errors
    /// 429 `rate_limited` where one of them is used up, and then none has counted it.
    pub(super) async fn spend(
        &mut self,
        app: &App,
        route: &Route,
        (caller, may): (&Principal, bool),
        now: Millis,
    ) -> Result<()> {
        let mut all = if counts_plan(route) { of_plan(app, caller.tenant).await? } else { Vec::new() };
        if may {
            all.extend(limits(route.rate, &app.settings, caller));
        }
        let whose = (caller.tenant, caller.counted_as());
        self.0 = app.limiter.spend(&*app.store, whose, &all, now).await?;
        match self.0.filter(|standing| !standing.allowed) {
            Some(standing) => Err(standing.refusal(now)),
            None => Ok(()),
        }
    }

    /// How the caller stands, where there is a limit.
    pub(super) fn standing(&self) -> Option<&Standing> {
        self.0.as_ref()
    }
}
