use serde::Serialize;
use shared::{
    clock,
    domain::alert::{Condition, Rule, Window},
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    ids::{AlertId, InstallationId, Nid},
    ops::alerts,
    repo::alerts::Unwell,
};
use utoipa::ToSchema;

/// All alerts of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertList)]
pub struct Listing {
    alerts: Vec<AlertOut>,
    count: usize,
}

/// One rule, and the workflows that are not well by it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertOut {
    #[schema(value_type = u64, example = 42)]
    id: AlertId,
    #[schema(example = "Workflow fails")]
    title: String,
    #[schema(example = "failing")]
    kind: &'static str,
    #[schema(example = 3)]
    failures: Option<u16>,
    #[schema(example = 5)]
    of_last: Option<u16>,
    within_minutes: Option<u32>,
    after_minutes: Option<u32>,
    #[schema(value_type = Option<u64>)]
    installation_id: Option<InstallationId>,
    workflow_id: Option<String>,
    /// The workflows that somebody was told of by this rule and that have not been well since; of all rules together a thousand at
    /// the most.
    firing: Vec<FiringOut>,
    #[schema(example = "2025-01-21T10:30:00Z")]
    created_at: String,
    #[schema(example = "2025-01-21T10:30:00Z")]
    updated_at: String,
}

/// A workflow that is not well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FiringAlert)]
struct FiringOut {
    #[schema(value_type = u64, example = 123)]
    nid: Nid,
    #[schema(value_type = u64, example = 45)]
    installation_id: InstallationId,
    #[schema(example = "abc123")]
    workflow_id: String,
    #[schema(example = "2025-01-21T10:30:00Z")]
    since: String,
    #[schema(example = "3 of 5 executions failed, execution 551 last.")]
    why: String,
}

/// Lists the alerts, oldest first, each with the workflows that are not well by it.
#[utoipa::path(get, path = "/api/alerts", operation_id = "list_alerts",
    responses((status = 200, description = "All of them.", body = Listing)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    let alerts: Vec<_> = alerts::list(&ctx).await?.into_iter().map(AlertOut::from).collect();
    Reply::ok(&Listing { count: alerts.len(), alerts })
}

impl From<(Rule, Vec<Unwell>)> for AlertOut {
    fn from((rule, firing): (Rule, Vec<Unwell>)) -> Self {
        let (mut failures, mut of_last, mut within_minutes, mut after_minutes) = (None, None, None, None);
        let kind = match rule.condition {
            Condition::Failing { failures: count, window } => {
                failures = Some(count);
                match window {
                    Window::Last(of) => of_last = Some(of),
                    Window::Minutes(minutes) => within_minutes = Some(minutes),
                }
                "failing"
            }
            Condition::Silent { minutes } => {
                after_minutes = Some(minutes);
                "silent"
            }
            Condition::Stuck { minutes } => {
                after_minutes = Some(minutes);
                "stuck"
            }
        };
        Self {
            id: rule.id,
            title: rule.title,
            kind,
            failures,
            of_last,
            within_minutes,
            after_minutes,
            installation_id: rule.installation_id,
            workflow_id: rule.workflow_id,
            firing: firing.into_iter().map(FiringOut::from).collect(),
            created_at: clock::iso(rule.created_at),
            updated_at: clock::iso(rule.changed_at),
        }
    }
}

impl From<Unwell> for FiringOut {
    fn from(unwell: Unwell) -> Self {
        Self {
            nid: unwell.nid,
            installation_id: unwell.installation_id,
            workflow_id: unwell.workflow_id,
            since: clock::iso(unwell.firing.since),
            why: unwell.firing.why,
        }
    }
}
