use serde::Serialize;
use shared::{
    error::{Error, Result},
    http::{ctx::Ctx, fields::Fields, reply::Reply},
    ids::AlertId,
    ops::alerts::{self, NewAlert},
};
use utoipa::ToSchema;

use super::input::{KINDS, Numbers, TITLE};

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
pub async fn handler(ctx: Ctx, fields: Fields) -> Result<Reply> {
    let new = read(fields)?;
    ctx.answer(created, async |act| alerts::create(act, new).await).await
}

fn created(id: &AlertId) -> Result<Reply> {
    Reply::created(&Created { success: true, id: *id, message: "Alert created successfully." })
}

fn read(mut fields: Fields) -> Result<NewAlert> {
    fields.require("kind");
    let kind = fields.one_of("kind", &KINDS, |word| KINDS.into_iter().find(|kind| *kind == word));
    let title = fields.text("title", TITLE);
    let numbers = Numbers::read(&mut fields);
    let installation_id = fields.id("installation_id");
    let workflow_id = fields.text("workflow_id", 200);
    let condition = kind.and_then(|kind| numbers.condition(kind, &mut fields));
    fields.finish()?;
    let condition = condition.ok_or_else(|| Error::internal("a refused field passed"))?;
    Ok(NewAlert { title, condition, installation_id, workflow_id })
}
