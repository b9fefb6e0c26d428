use shared::{
    domain::alert::Condition,
    error::Result,
    http::{
        ctx::Ctx,
        extract::PathId,
        fields::Fields,
        input::{InBody, Text},
        reply::Reply,
    },
    ids::AlertId,
    ops::alerts,
};

use super::input::{After, Executions, Numbers, TITLE, Within};

shared::input! {
    /// What to change. What is left out stays.
    pub struct UpdateAlert {
        #[example("Workflow fails")]
        title: Option<Text<TITLE>>,
        /// For `failing`.
        #[example(4)]
        failures: Option<Executions>,
        /// For `failing`. Takes the place of `within_minutes`.
        #[example(10)]
        of_last: Option<Executions>,
        /// For `failing`. Takes the place of `of_last`.
        within_minutes: Option<Within>,
        /// For `silent` and `stuck`.
        after_minutes: Option<After>,
    }
    then(fields) {
        numbers: Numbers = Numbers::new(fields, failures, of_last, within_minutes, after_minutes),
    }
}

shared::ack! {
    /// The rule is changed.
    Updated as UpdatedAlert, 42: "Alert updated successfully."
}

/// Changes an alert. Its kind and what it is about stay. A workflow that is well by the new rule is well again; one that is not is
/// not told of a second time.
#[utoipa::path(patch, path = "/api/alerts/{id}", operation_id = "update_alert",
    params(("id" = u64, Path, description = "Id of the alert.", example = 42)),
    request_body = UpdateAlert, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(
    ctx: Ctx,
    PathId(id): PathId<AlertId>,
    InBody(sent): InBody<UpdateAlert>,
) -> Result<Reply> {
    let UpdateAlert { title, numbers, .. } = sent;
    let condition = move |stands: Condition| {
        let mut problems = Fields::default();
        let condition = numbers.change(stands, &mut problems);
        problems.finish()?;
        Ok(condition.unwrap_or(stands))
    };
    ctx.answer(Updated::of, async |act| alerts::update(act, id, title, condition).await).await
}
