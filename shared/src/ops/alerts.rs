//! Alerts: the rules by which workflows are not well.
//!
//! Its one rule: what is decided is decided on what stands when it is written, and all workflows are held against the rules
//! afterwards.

use std::collections::BTreeSet;

use futures::future::try_join;

use super::{act::Act, again::Again, happened, listing};
use crate::{
    domain::{
        alert::{Condition, MAX_RULES, Rule, Rules},
        chore::What,
        n8n_workflow,
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::{AlertId, InstallationId},
    n8n::client::Turn,
    repo::alerts::Unwell,
};

/// A rule to create.
#[derive(Debug, Clone)]
pub struct NewAlert {
    /// Begins the titles of its notifications; after its condition when left out.
    pub title: Option<String>,
    pub condition: Condition,
    /// Only workflows of this installation.
    pub installation_id: Option<InstallationId>,
    /// Only this workflow, by n8n's id.
    pub workflow_id: Option<String>,
}

/// The rules, oldest first, each with the workflows that are not well by it.
pub async fn list(act: &Act) -> Result<Vec<(Rule, Vec<Unwell>)>> {
    let alerts = act.repos().alerts();
    let (mut rules, mut unwell) = try_join(alerts.rules(), alerts.unwell()).await?;
    if !act.reach.is_all() {
        let own = in_reach(act, &rules.rules, &unwell).await?;
        rules.rules.retain(|rule| rule.installation_id.is_none_or(|id| own.contains(&id)));
        unwell.retain(|unwell| own.contains(&unwell.installation_id));
    }
    let each = rules.rules.into_iter().map(|rule| {
        let firing = unwell.extract_if(.., |unwell| unwell.firing.rule == rule.id).collect();
        (rule, firing)
    });
    Ok(each.collect())
}

/// Those installations that rules and workflows are of which are there for who asks.
async fn in_reach(act: &Act, rules: &[Rule], unwell: &[Unwell]) -> Result<BTreeSet<InstallationId>> {
    let named = rules.iter().filter_map(|rule| rule.installation_id);
    let all: BTreeSet<_> = named.chain(unwell.iter().map(|unwell| unwell.installation_id)).collect();
    let mut own = BTreeSet::new();
    for id in all {
        if act.installed().shows(id).await? {
            own.insert(id);
        }
    }
    Ok(own)
}

/// Whether who asks may change a rule: one of an installation out of reach is not there, and one of no installation is the whole
/// organization's.
async fn may_change(act: &Act, id: AlertId) -> Result<()> {
    if act.reach.is_all() {
        return Ok(());
    }
    let rules = act.repos().alerts().rules().await?.rules;
    let rule = rules.iter().find(|rule| rule.id == id).or_not_found("record")?;
    match rule.installation_id {
        None => Err(organizations()),
        Some(id) if act.installed().shows(id).await? => Ok(()),
        Some(_) => Err(Error::not_found("record")),
    }
}

fn organizations() -> Error {
    let message = "A rule over all workflows is the whole organization's, and you are bound to client groups: say an installation_id.";
    Error::new(ErrorKind::Forbidden, "bound_to_groups", message)
}

/// Creates a rule. Fails with `too_many_alerts` where there are as many as there may be.
pub async fn create(act: &Act, new: NewAlert) -> Result<AlertId> {
    if !act.reach.is_all() && new.installation_id.is_none() {
        return Err(organizations());
    }
    check(act, new.installation_id, new.workflow_id.as_deref()).await?;
    let rule = Rule {
        id: act.app.id(),
        title: new.title.unwrap_or_else(|| titled(new.condition).into()),
        condition: new.condition,
        installation_id: new.installation_id,
        workflow_id: new.workflow_id,
        created_at: act.now,
        changed_at: act.now,
    };
    change(act, |rules| {
        if rules.rules.len() >= MAX_RULES {
            let message = format!("There are {MAX_RULES} alerts already, as many as there may be.");
            return Err(Error::new(ErrorKind::WrongState, "too_many_alerts", message));
        }
        rules.rules.push(rule.clone());
        Ok(rule.id)
    })
    .await
}

/// Changes title and condition of a rule; what it is about stays. `condition` makes the new one of the one that stands.
pub async fn update(
    act: &Act,
    id: AlertId,
    title: Option<String>,
    condition: impl Fn(Condition) -> Result<Condition>,
) -> Result<AlertId> {
    may_change(act, id).await?;
    change(act, |rules| {
        let rule = rules.rules.iter_mut().find(|rule| rule.id == id);
        let rule = rule.ok_or_else(|| Error::not_found("record"))?;
        rule.condition = condition(rule.condition)?;
        rule.title = title.clone().unwrap_or_else(|| rule.title.clone());
        rule.changed_at = act.now;
        Ok(id)
    })
    .await
}

/// Deletes a rule. Its notifications stay.
pub async fn delete(act: &Act, id: AlertId) -> Result<AlertId> {
    may_change(act, id).await?;
    change(act, |rules| {
        let at = rules.rules.iter().position(|rule| rule.id == id);
        rules.rules.remove(at.ok_or_else(|| Error::not_found("record"))?);
        Ok(id)
    })
    .await
}

/// Decides on the rules as they stand and writes what was decided.
async fn change(act: &Act, decide: impl Fn(&mut Rules) -> Result<AlertId>) -> Result<AlertId> {
    let alerts = act.repos().alerts();
    let (chore, task) = act.chore(What::WatchWorkflows)?;
    let mut again = Again::new(&act.app, "the alerts");
    let mut stands = alerts.rules().await?;
    loop {
        let before = stands.clone();
        let mut next = stands;
        let id = decide(&mut next)?;
        next.v += 1;
        let told = happened::settings(act, (!next.says_what(&before)).then_some("alerts"))?;
        let writes = [alerts.replace_rules(&next)?, chore.clone()].into_iter().chain(told);
        let refused = match act.commit(writes.collect(), &id).await {
            Ok(()) => {
                act.app.forget_alert_rules(act.tenant);
                act.app.hint(&task, act.now).await;
                return Ok(id);
            }
            Err(refused) => refused,
        };
        let standing = refused.standing()?;
        again.after(refused).await?;
        stands = match standing {
            Some(standing) => standing,
            None => alerts.rules().await?,
        };
    }
}

fn titled(condition: Condition) -> &'static str {
    match condition {
        Condition::Failing { .. } => "Workflow fails",
        Condition::Silent { .. } => "Workflow is silent",
        Condition::Stuck { .. } => "Workflow is stuck",
    }
}

/// What a rule is about must be there: nobody would ever hear of anything else.
async fn check(act: &Act, installation: Option<InstallationId>, workflow_id: Option<&str>) -> Result<()> {
    if let Some(id) = installation {
        act.installed().get(id).await?;
    }
    let Some(workflow_id) = workflow_id else { return Ok(()) };
    let workflows = act.repos().n8n_workflows();
    let known = match installation {
        Some(id) => workflows.get(n8n_workflow::nid(act.tenant, id, workflow_id)).await?.is_some(),
        None => !act.installed().having(workflow_id).await?.is_empty(),
    };
    if known || is_listed(act, installation, workflow_id).await? {
        Ok(())
    } else {
        Err(Error::not_found("workflow"))
    }
}

/// Whether n8n knows a workflow that Baton does not: somebody has made it since n8n's workflows were listed.
async fn is_listed(act: &Act, installation: Option<InstallationId>, workflow_id: &str) -> Result<bool> {
    let installations = match installation {
        Some(id) => vec![(*act.installed().get(id).await?).clone()],
        None => act.repos().installations().all().await?,
    };
    let turn = Turn::urgent(act.deadline);
    listing::find_workflow(&act.app, act.tenant, &installations, workflow_id, turn).await
}
