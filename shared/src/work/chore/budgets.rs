//! Looks whether thresholds of budgets are reached, and tells of those that are.
//!
//! Its one rule: the notification and the memory of it are one transaction, so that each threshold of each window is told
//! once, however many look and whoever dies.

use std::collections::BTreeMap;

use crate::{
    app::App,
    clock::Millis,
    domain::{
        budget::{Budget, Scope, Window},
        chore::Step,
        event::{Event, EventType, Happened, Subject},
        money::Money,
        notification::{Notification, NotificationType},
    },
    error::Result,
    ids::GroupId,
    metering::{RHYTHM, budgets::Spent},
    ops::again::Again,
    pricing::usd_text,
    repo::{events, orgs},
    store,
    tenant::TenantId,
};

/// Notifications of one transaction, each with its event.
const TOGETHER: usize = 40;

/// `since` is when the first of the records came that this look is for: their window may have ended since.
pub async fn step(app: &App, tenant: TenantId, since: Millis) -> Result<Step> {
    let settled = app.repos(tenant).settled();
    let mut spent = Spent::new(&*app.store, tenant);
    let mut groups = Groups::default();
    let mut again = Again::new(app, "what is settled about money");
    loop {
        let money = settled.load().await?;
        let mut next = money.clone();
        let now = app.now();
        let watched = money
            .budgets
            .iter()
            .flat_map(|budget| windows(budget, since, now).into_iter().map(|window| (&budget.scope, window)));
        spent.read(watched).await?;
        groups.read(app, tenant, &money).await?;
        let told = tell(app, &mut next, &spent, &groups, since, now);
        if told.is_empty() {
            return Ok(Step::Done);
        }
        next.v += 1;
        let notifications = app.repos(tenant).notifications();
        let mut writes = vec![settled.put_next(&next)?];
        for notification in &told {
            writes.push(notifications.insert(&notification.shown)?);
            writes.push(events::put(tenant, &notification.event)?);
        }
        match store::apply(&*app.store, writes).await {
            // What did not fit in is told next.
            Ok(()) if told.len() >= TOGETHER => {}
            Ok(()) => return Ok(Step::Done),
            Err(error) => again.after(error).await?,
        }
    }
}

/// Names of the client groups that have budgets.
#[derive(Default)]
struct Groups(BTreeMap<GroupId, String>);

impl Groups {
    async fn read(&mut self, app: &App, tenant: TenantId, money: &Money) -> Result<()> {
        for budget in &money.budgets {
            let Scope::Group(id) = budget.scope else { continue };
            if self.0.contains_key(&id) {
                continue;
            }
            if let Some(group) = orgs::group(&*app.store, tenant, id).await? {
                self.0.insert(id, group.name);
            }
        }
        Ok(())
    }
}

/// What somebody is told, in a list and by the log.
struct Told {
    shown: Notification,
    event: Event,
}

fn tell(
    app: &App,
    money: &mut Money,
    spent: &Spent<'_>,
    groups: &Groups,
    since: Millis,
    now: Millis,
) -> Vec<Told> {
    let mut told = Vec::new();
    for budget in &mut money.budgets {
        for window in windows(budget, since, now) {
            let totals = spent.of(&budget.scope, &window);
            let mut untold = budget.untold(&window.name, totals.pico);
            untold.truncate(TOGETHER - told.len().min(TOGETHER));
            if untold.is_empty() {
                continue;
            }
            budget.tell(&window.name, &untold);
            for percent in untold {
                let shown = notification(app, budget, groups, &window, percent, totals.pico);
                let happened = Happened::new(EventType::BudgetExceeded, Subject::of("budget", budget.id));
                let happened = match budget.scope {
                    Scope::Group(group) => happened.in_group(group),
                    Scope::Organization | Scope::Workflow(_) => happened,
                };
                let happened = happened.with("name", budget.title.as_str());
                let event = happened.with("percent", percent).event(app.id(), None);
                told.push(Told { shown, event });
            }
        }
    }
    told
}

/// The windows that the records came in, and that of now. What was spent before there was the budget counts, in the window
/// that it was made in and not in one before.
fn windows(budget: &Budget, since: Millis, now: Millis) -> Vec<Window> {
    let moments = [since, since.plus(RHYTHM).min(now), now];
    let mut windows: Vec<Window> = moments.map(|at| budget.period.whole(at)).into();
    windows.dedup();
    windows.retain(|window| window.name >= budget.period.window(budget.created_at).name);
    windows
}

fn notification(
    app: &App,
    budget: &Budget,
    groups: &Groups,
    window: &Window,
    percent: u16,
    spent: i64,
) -> Notification {
    let whose = match &budget.scope {
        Scope::Organization => "The organization".to_owned(),
        Scope::Group(group) => match groups.0.get(group) {
            Some(name) => format!("Client group {name}"),
            None => format!("Client group {group}"),
        },
        Scope::Workflow(workflow) => format!("Workflow {workflow}"),
    };
    let message = format!(
        "{whose} has spent {} of {} US dollars on model calls in {}.",
        usd_text(spent),
        usd_text(budget.pico),
        window.name
    );
    Notification {
        id: app.id(),
        group_id: budget.group_id,
        of_all: !matches!(budget.scope, Scope::Group(_)),
        title: format!("{}: {percent} % reached", budget.title),
        message,
        kind: NotificationType::WorkflowAlert,
        link: None,
        entity_type: Some("budget".into()),
        entity_id: Some(budget.id.untyped()),
        read: None,
        created_at: app.now(),
    }
}
