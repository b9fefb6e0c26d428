//! Holds every workflow against the rules of alerts, because they have changed: a page of workflows a step, installation after
//! installation.

use crate::{
    app::App,
    domain::{alert::Rules, chore::Step},
    error::{Error, Result},
    ids::{EntityId, Id, InstallationId, Nid},
    installed::Installed,
    ops::watch::Watched,
    tenant::TenantId,
};

/// Workflows of a step.
const PAGE: usize = 50;

pub async fn step(app: &App, tenant: TenantId, cursor: Option<&str>) -> Result<Step> {
    let place = cursor.map_or(Ok(Place::default()), Place::read)?;
    let rules = app.repos(tenant).alerts().rules().await?;
    let Some(installation) = place.installation(app, tenant).await? else { return Ok(Step::Done) };
    let rest = match installation {
        Next::Readable(id) => workflows(app, tenant, &rules, id, place.node).await?,
        Next::Unreadable(id) => Place { after: Some(id), ..Place::default() },
    };
    Ok(Step::More(Some(rest.write())))
}

/// Which workflow comes next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Place {
    /// The installations after this one come next.
    after: Option<InstallationId>,
    /// But first the rest of this one.
    within: Option<InstallationId>,
    node: Option<(Nid, String)>,
}

enum Next {
    Readable(InstallationId),
    Unreadable(InstallationId),
}

impl Place {
    fn read(cursor: &str) -> Result<Self> {
        let unreadable = || Error::internal(format!("a chore cannot go on from {cursor}"));
        let mut parts = cursor.splitn(3, ' ');
        let installation = parts.next().and_then(|id| id.parse().ok()).ok_or_else(unreadable)?;
        match (parts.next(), parts.next()) {
            (None, _) => Ok(Self { after: Some(installation), ..Self::default() }),
            (Some(nid), Some(workflow)) => {
                let nid = nid.parse().map_err(|_| unreadable())?;
                Ok(Self { after: None, within: Some(installation), node: Some((nid, workflow.to_owned())) })
            }
            _ => Err(unreadable()),
        }
    }

    fn write(&self) -> String {
        match (self.within, &self.node, self.after) {
            (Some(installation), Some((nid, workflow)), _) => format!("{installation} {nid} {workflow}"),
            (_, _, after) => after.map(|id| id.to_string()).unwrap_or_default(),
        }
    }

    async fn installation(&self, app: &App, tenant: TenantId) -> Result<Option<Next>> {
        if let Some(id) = self.within {
            return Ok(Some(Next::Readable(id)));
        }
        let page = app.repos(tenant).installations().list(1, self.after.map(Id::from)).await?;
        let readable = page.found.first().map(|found| Next::Readable(found.id));
        Ok(readable.or_else(|| {
            page.unreadable.first().map(|unreadable| Next::Unreadable(InstallationId::of(unreadable.id)))
        }))
    }
}

/// One page of an installation's workflows. Returns where to go on.
async fn workflows(
    app: &App,
    tenant: TenantId,
    rules: &Rules,
    id: InstallationId,
    after: Option<(Nid, String)>,
) -> Result<Place> {
    let behind = Place { after: Some(id), ..Place::default() };
    // It may have been deleted since the step before.
    let Some(installation) = Installed::new(app, tenant).find(id).await? else { return Ok(behind) };
    let (nodes, next) = app.repos(tenant).n8n_workflows().page(id, after, PAGE).await?;
    for node in &nodes.found {
        let watched = Watched {
            app,
            tenant,
            installation: &installation,
            nid: node.nid,
            workflow_id: &node.workflow_id,
        };
        watched.compare(rules).await?;
    }
    Ok(next.map_or(behind, |node| Place { after: None, within: Some(id), node: Some(node) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back() {
        fn id<I: EntityId>(value: u64) -> I {
            I::of(Id::from_u64(value).unwrap())
        }
        for place in [
            Place { after: Some(id(45)), ..Place::default() },
            Place { after: None, within: Some(id(45)), node: Some((id(9), "a workflow's id".into())) },
        ] {
            assert_eq!(Place::read(&place.write()).unwrap(), place);
        }
        for text in ["", "x", "45 9", "45 x wf"] {
            assert!(Place::read(text).is_err(), "{text}");
        }
    }
}
