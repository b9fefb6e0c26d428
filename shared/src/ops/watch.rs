//! Watching workflows: what is heard of their executions is held against the tenant's rules, and who is not well is told of.
//!
//! Its one rule: the notification and the memory of it are one transaction, so that it is made once, however many look and
//! whoever dies. And before anybody is told that nothing has happened, n8n is asked.

use std::{sync::Arc, time::Duration};

use url::Url;

use super::{again::Again, executions::snapshot_of};
use crate::{
    app::App,
    clock::Millis,
    domain::{
        alert::{Asked, Condition, Firing, Rule, Rules, Vitals},
        event::{Event, EventType, Happened, Subject},
        followed_run::Snapshot,
        installation::Installation,
        notification::{Notification, NotificationType},
    },
    error::Result,
    ids::Nid,
    installed::Installed,
    n8n::client::{N8n, N8nError, Turn},
    repo::{alerts::Alerts, due::UNANNOUNCED, events},
    store,
    tenant::TenantId,
};

/// Rules read lately are believed for this long.
const BELIEVED: Duration = Duration::from_secs(30);
/// Executions that n8n is asked about in one look, the oldest first.
const ASKED: usize = 5;
/// Longest title of a notification.
const TITLE: usize = 200;

/// The workflow that is watched.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    pub app: &'a App,
    pub tenant: TenantId,
    pub installation: &'a Installation,
    pub nid: Nid,
    pub workflow_id: &'a str,
}

/// The rules of a tenant, as they were half a minute ago at the most.
pub async fn rules(app: &App, tenant: TenantId) -> Result<Arc<Rules>> {
    let stored = async { app.repos(tenant).alerts().rules().await.map(Some) };
    Ok(app.alert_rules.or_read(tenant, app.moment(), BELIEVED, stored).await?.unwrap_or_default())
}

impl Watched<'_> {
    fn alerts(&self) -> Alerts<'_> {
        self.app.repos(self.tenant).alerts()
    }

    /// Takes up what was heard of an execution. Costs nothing where no rule is about the workflow.
    pub async fn saw(&self, snapshot: &Snapshot) -> Result<()> {
        let rules = rules(self.app, self.tenant).await?;
        let about = rules.about(self.installation.id, self.workflow_id);
        if about.is_empty() {
            return Ok(());
        }
        self.settle(&about, Asked::No, None, |vitals| vitals.see(snapshot)).await
    }

    /// Holds what is known against rules that have changed.
    pub async fn compare(&self, rules: &Rules) -> Result<()> {
        let about = rules.about(self.installation.id, self.workflow_id);
        let (alerts, workflows) = (self.alerts(), self.app.repos(self.tenant).n8n_workflows());
        if about.is_empty() && alerts.vitals(self.nid).await?.is_none() {
            return Ok(());
        }
        let latest = workflows.latest(self.nid).await?;
        let learn = |vitals: &mut Vitals| {
            // Nothing was noted while no rule was about it, but for the newest.
            if let Some(latest) = &latest {
                vitals.see(&latest.snapshot);
            }
        };
        self.settle(&about, Asked::No, None, learn).await
    }

    /// Learns something of the workflow, and tells of it if it is not well by then.
    pub(crate) async fn settle(
        &self,
        about: &[&Rule],
        asked: Asked,
        trouble: Option<&str>,
        learn: impl Fn(&mut Vitals),
    ) -> Result<()> {
        let (app, alerts) = (self.app, self.alerts());
        let mut again = Again::new(app, "how a workflow does");
        loop {
            let now = app.now();
            let known = alerts.vitals(self.nid).await?;
            let due = known.as_ref().and_then(|owing| owing.due_at);
            let new = || Vitals::new(self.nid, self.installation.id, self.workflow_id);
            let before = known.map_or_else(new, |owing| owing.item);
            let mut after = before.clone();
            learn(&mut after);
            let told = after.settle(about, now, asked);
            let next = next_look(&after, about, due, now);
            if after == before && next == due {
                return Ok(());
            }
            after.v += 1;
            let mut writes = alerts.replace(&before, &after, next)?;
            for (rule, firing) in &told {
                let notifications = app.repos(self.tenant).notifications();
                let notification = self.notification(rule, firing, trouble).await?;
                writes.push(notifications.insert(&notification)?);
                writes.push(events::put(self.tenant, &self.event(rule, &notification, firing))?);
            }
            match store::apply(&*app.store, writes).await {
                Ok(()) => return Ok(()),
                // Another execution of the workflow was quicker.
                Err(error) => again.after(error).await?,
            }
        }
    }

    /// What the log says of it.
    fn event(&self, rule: &Rule, notification: &Notification, firing: &Firing) -> Event {
        let happened = Happened::new(EventType::WorkflowFailed, Subject::of("workflow", self.nid));
        let happened = happened.in_group(notification.group_id).with("name", rule.title.as_str());
        let happened = happened.with("workflow_id", self.workflow_id).with("reason", firing.why.as_str());
        happened.event(self.app.id(), None)
    }

    async fn notification(
        &self,
        rule: &Rule,
        firing: &Firing,
        trouble: Option<&str>,
    ) -> Result<Notification> {
        let workflows = self.app.repos(self.tenant).n8n_workflows();
        let name = workflows.get(self.nid).await?.and_then(|node| node.name);
        let name = name.unwrap_or_else(|| self.workflow_id.to_owned());
        let title = format!("{}: {name}", rule.title);
        let unsure = trouble
            .map(|why| format!(" That is what Baton knows; n8n does not say: {why}."))
            .unwrap_or_default();
        Ok(Notification {
            id: self.app.id(),
            group_id: self.installation.group_id,
            of_all: false,
            title: title.chars().take(TITLE).collect(),
            message: format!(
                "{} ({}): {}{unsure} You hear of it again when it was well in between.",
                name, self.installation.title, firing.why
            ),
            kind: match rule.condition {
                Condition::Failing { .. } => NotificationType::WorkflowError,
                Condition::Silent { .. } | Condition::Stuck { .. } => NotificationType::WorkflowAlert,
            },
            link: executions(&self.installation.host, self.workflow_id),
            entity_type: Some("alert".into()),
            entity_id: Some(rule.id.untyped()),
            read: None,
            created_at: self.app.now(),
        })
    }

    /// Asks n8n what nothing was heard of. Returns what it says, and why it says nothing.
    pub(crate) async fn ask(&self, vitals: &Vitals, turn: Turn) -> Result<(Vec<Heard>, Option<String>)> {
        let n8n = Installed::new(self.app, self.tenant).n8n(self.installation, turn).await?;
        let mut heard = Vec::new();
        match ask(&n8n, vitals, self.app.now(), &mut heard).await {
            Ok(()) => {
                Installed::new(self.app, self.tenant).heard_of(self.installation.id).await;
                Ok((heard, None))
            }
            Err(error) => Ok((heard, Some(error.to_string()))),
        }
    }
}

/// What n8n says of an execution.
pub(crate) enum Heard {
    Seen(Box<Snapshot>),
    Lost(String),
}

async fn ask(n8n: &N8n<'_>, vitals: &Vitals, now: Millis, heard: &mut Vec<Heard>) -> Result<(), N8nError> {
    if let Some(row) = n8n.newest_execution(&vitals.workflow_id).await? {
        heard.push(Heard::Seen(Box::new(snapshot_of(&row, now))));
    }
    let mut running = vitals.running.clone();
    running.sort_by_key(|running| running.since);
    for execution in running.iter().take(ASKED) {
        heard.push(match n8n.execution_row(&execution.id).await? {
            Some(row) => Heard::Seen(Box::new(snapshot_of(&row, now))),
            None => Heard::Lost(execution.id.clone()),
        });
    }
    Ok(())
}

/// When to look next, given when a look is due. An earlier look that finds nothing costs less than to write its debt anew with
/// every execution.
fn next_look(vitals: &Vitals, about: &[&Rule], due: Option<Millis>, now: Millis) -> Option<Millis> {
    let next = vitals.next_look(about, now)?.max(now.plus(UNANNOUNCED));
    Some(due.filter(|due| *due > now && *due <= next).unwrap_or(next))
}

/// Where n8n shows the executions of a workflow.
fn executions(host: &str, workflow_id: &str) -> Option<String> {
    let mut url = Url::parse(host).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["workflow", workflow_id, "executions"]);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{AlertId, EntityId, Id, InstallationId};

    #[test]
    fn a_link_leads_to_the_executions_of_the_workflow() {
        assert_eq!(
            executions("https://n8n.example.com/team-a", "a/b").as_deref(),
            Some("https://n8n.example.com/team-a/workflow/a%2Fb/executions")
        );
    }

    #[test]
    fn a_debt_is_written_anew_only_to_come_earlier_or_when_it_is_past() {
        let id = Id::SMALLEST;
        let rule = Rule {
            id: AlertId::of(id),
            title: "t".into(),
            condition: Condition::Silent { minutes: 30 },
            installation_id: None,
            workflow_id: None,
            created_at: Millis(0),
            changed_at: Millis(0),
        };
        let minute = |count: i64| Millis(count * 60_000);
        let mut vitals = Vitals::new(Nid::of(id), InstallationId::of(id), "wf1");
        vitals.last_at = Some(minute(60));
        let next = |due: Option<i64>, now: i64| next_look(&vitals, &[&rule], due.map(minute), minute(now));
        assert_eq!(next(None, 60), Some(minute(90)));
        assert_eq!(next(Some(80), 60), Some(minute(80)), "it stays");
        assert_eq!(next(Some(95), 60), Some(minute(90)));
        assert_eq!(next(Some(50), 60), Some(minute(90)));
        assert_eq!(next(Some(60), 60), Some(minute(90)), "it is paid by this look");
        assert_eq!(next(None, 90), Some(minute(90).plus(UNANNOUNCED)), "no tick has passed it");
        assert_eq!(next_look(&vitals, &[], Some(minute(80)), minute(60)), None);
    }
}
