use serde::Serialize;
use shared::{
    domain::{
        alert::{MAX_RULES, Rule},
        n8n_workflow,
    },
    error::{Error, ErrorKind, Result},
    http::{ctx::Ctx, fields::Fields, reply::Reply},
    ids::{AlertId, Id},
    n8n::client::Turn,
    work::listing,
};
use utoipa::ToSchema;

use super::{
    change::change,
    input::{KINDS, Numbers, TITLE},
};

/// A rule to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateAlert {
    /// `failing`: executions fail. `silent`: none begins. `stuck`: one does not end.
    #[schema(example = "failing")]
    kind: String,
    /// Begins the titles of its notifications.
    #[schema(max_length = 100, example = "Workflow fails")]
    title: Option<String>,
    /// For `failing`: so many failures. Left out: 3.
    #[schema(minimum = 1, maximum = 50, example = 3)]
    failures: Option<u16>,
    /// For `failing`: among so many of the last executions. Left out: in a row.
    #[schema(minimum = 1, maximum = 50, example = 5)]
    of_last: Option<u16>,
    /// For `failing`, instead of `of_last`: within so many minutes.
    #[schema(minimum = 1, maximum = 43200)]
    within_minutes: Option<u32>,
    /// For `silent`: so long after the last execution began. For `stuck`: so long after an execution that still runs began; one that
    /// waits does not run.
    #[schema(minimum = 5, maximum = 43200)]
    after_minutes: Option<u32>,
    /// Only workflows of this installation.
    installation_id: Option<u64>,
    /// Only this workflow, by n8n's id. One that Baton does not know is looked up in n8n's list, once a minute.
    #[schema(max_length = 200)]
    workflow_id: Option<String>,
}

/// The rule is created.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedAlert)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: AlertId,
    #[schema(example = "Alert created successfully.")]
    message: &'static str,
}

/// Creates an alert: a rule by which workflows are not well.
///
/// Of each workflow a notification is made once, and again only after it was well in between. A failing workflow is well again when
/// the rule does not hold any more and its last execution succeeded. Baton knows of executions what was pushed or polled, and asks
/// n8n before it tells of a silent or stuck workflow. Executions that a person canceled do not count.
#[utoipa::path(post, path = "/api/alerts", operation_id = "create_alert", tag = "alerts",
    request_body = CreateAlert, responses((status = 201, description = "Created.", body = Created)))]
pub async fn handler(ctx: Ctx, mut fields: Fields) -> Result<Reply> {
    fields.require("kind");
    let kind = fields.one_of("kind", &KINDS, |word| KINDS.into_iter().find(|kind| *kind == word));
    let title = fields.text("title", TITLE);
    let numbers = Numbers::read(&mut fields);
    let installation_id = fields.id("installation_id");
    let workflow_id = fields.text("workflow_id", 200);
    let condition = kind.and_then(|kind| numbers.condition(kind, &mut fields));
    fields.finish()?;
    let (Some(kind), Some(condition)) = (kind, condition) else {
        return Err(Error::internal("a refused field passed"));
    };
    check(&ctx, installation_id, workflow_id.as_deref()).await?;
    let rule = Rule {
        id: ctx.app.id(),
        title: title.unwrap_or_else(|| titled(kind).into()),
        condition,
        installation_id,
        workflow_id,
        created_at: ctx.now,
        changed_at: ctx.now,
    };
    change(&ctx, |alerts| {
        if alerts.rules.len() >= MAX_RULES {
            let message = format!("There are {MAX_RULES} alerts already, as many as there may be.");
            return Err(Error::new(ErrorKind::WrongState, "too_many_alerts", message));
        }
        alerts.rules.push(rule.clone());
        Reply::created(&Created { success: true, id: rule.id, message: "Alert created successfully." })
    })
    .await
}

fn titled(kind: &str) -> &'static str {
    match kind {
        "failing" => "Workflow fails",
        "silent" => "Workflow is silent",
        _ => "Workflow is stuck",
    }
}

/// What a rule is about must be there: nobody would ever hear of anything else.
async fn check(ctx: &Ctx, installation: Option<Id>, workflow_id: Option<&str>) -> Result<()> {
    if let Some(id) = installation {
        ctx.installed().get(id).await?;
    }
    let Some(workflow_id) = workflow_id else { return Ok(()) };
    let known = match installation {
        Some(id) => {
            let nid = n8n_workflow::nid(ctx.tenant(), id, workflow_id);
            ctx.n8n_workflows().get(nid).await?.is_some()
        }
        None => !ctx.n8n_workflows().installations_with(workflow_id).await?.is_empty(),
    };
    if known || is_listed(ctx, installation, workflow_id).await? {
        Ok(())
    } else {
        Err(Error::not_found("workflow"))
    }
}

/// Whether n8n knows a workflow that Baton does not: somebody has made it since n8n's workflows were listed.
async fn is_listed(ctx: &Ctx, installation: Option<Id>, workflow_id: &str) -> Result<bool> {
    let installations = match installation {
        Some(id) => vec![(*ctx.installed().get(id).await?).clone()],
        None => ctx.installations().all().await?,
    };
    let turn = Turn::urgent(ctx.deadline());
    listing::find_workflow(&ctx.app, ctx.tenant(), &installations, workflow_id, turn).await
}
