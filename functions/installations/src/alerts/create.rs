use super::input::{After, Executions, Numbers, TITLE, Unwell, Within};
use shared::{
    domain::alert::Condition,
    error::Result,
    http::{
        ctx::Ctx,
        input::{InBody, Text, Word},
        reply::Reply,
    },
    ids::InstallationId,
    ops::alerts::{self, NewAlert},
};

shared::input! {
    /// A rule to create.
    pub struct CreateAlert {
        /// `failing`: executions fail. `silent`: none begins. `stuck`: one does not end.
        #[example("failing")]
        kind: Word<Unwell>,
        /// Begins the titles of its notifications.
        #[example("Workflow fails")]
        title: Option<Text<TITLE>>,
        /// For `failing`: so many failures. Left out: 3.
        #[example(3)]
        failures: Option<Executions>,
        /// For `failing`: among so many of the last executions. Left out: in a row.
        #[example(5)]
        of_last: Option<Executions>,
        /// For `failing`, instead of `of_last`: within so many minutes.
        within_minutes: Option<Within>,
        /// For `silent`: so long after the last execution began. For `stuck`: so long after an execution that still runs began; one that
        /// waits does not run.
        after_minutes: Option<After>,
        /// Only workflows of this installation.
        installation_id: Option<InstallationId>,
        /// Only this workflow, by n8n's id. One that Baton does not know is looked up in n8n's list, once a minute.
        workflow_id: Option<Text<200>>,
    }
    then(fields) {
        condition: Condition = {
            let numbers = Numbers::new(fields, failures, of_last, within_minutes, after_minutes);
            numbers.condition(kind?, fields)?
        },
    }
}

shared::ack! {
    /// The rule is created.
    Created as CreatedAlert, 42, new: "Alert created successfully."
}

/// Creates an alert: a rule by which workflows are not well.
///
/// Of each workflow a notification is made once, and again only after it was well in between. A failing workflow is well again when
/// the rule does not hold any more and its last execution succeeded. Baton knows of executions what was pushed or polled, and asks
/// n8n before it tells of a silent or stuck workflow. Executions that a person canceled do not count.
#[utoipa::path(post, path = "/api/alerts", operation_id = "create_alert",
    request_body = CreateAlert, responses((status = 201, description = "Created.", body = Created)))]
pub async fn handler(ctx: Ctx, InBody(sent): InBody<CreateAlert>) -> Result<Reply> {
    let CreateAlert { title, condition, installation_id, workflow_id, .. } = sent;
    let new = NewAlert { title, condition, installation_id, workflow_id };
    ctx.answer(Created::of, async |act| alerts::create(act, new).await).await
}
