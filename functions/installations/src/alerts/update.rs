use serde::Serialize;
use shared::{
    domain::alert::Condition,
    error::Result,
    http::{ctx::Ctx, extract::PathId, fields::Fields, reply::Reply},
    ids::AlertId,
    ops::alerts,
};
use utoipa::ToSchema;

use super::input::{Numbers, TITLE};

/// What to change. What is left out stays.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct UpdateAlert {
    #[schema(max_length = 100, example = "Workflow fails")]
    title: Option<String>,
    /// For `failing`.
    #[schema(minimum = 1, maximum = 50, example = 4)]
    failures: Option<u16>,
    /// For `failing`. Takes the place of `within_minutes`.
    #[schema(minimum = 1, maximum = 50, example = 10)]
    of_last: Option<u16>,
    /// For `failing`. Takes the place of `of_last`.
    #[schema(minimum = 1, maximum = 43200)]
    within_minutes: Option<u32>,
    /// For `silent` and `stuck`.
    #[schema(minimum = 5, maximum = 43200)]
    after_minutes: Option<u32>,
}

/// The rule is changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdatedAlert)]
pub struct Updated {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: AlertId,
    #[schema(example = "Alert updated successfully.")]
    message: &'static str,
}

/// Changes an alert. Its kind and what it is about stay. A workflow that is well by the new rule is well again; one that is not is
/// not told of a second time.
#[utoipa::path(patch, path = "/api/alerts/{id}", operation_id = "update_alert", tag = "alerts",
    params(("id" = u64, Path, description = "Id of the alert.", example = 42)),
    request_body = UpdateAlert, responses((status = 200, description = "Changed.", body = Updated)))]
pub async fn handler(ctx: Ctx, PathId(id): PathId<AlertId>, mut fields: Fields) -> Result<Reply> {
    let title = fields.text("title", TITLE);
    let numbers = Numbers::read(&mut fields);
    fields.finish()?;
    let condition = move |stands: Condition| {
        let mut problems = Fields::default();
        let condition = numbers.change(stands, &mut problems);
        problems.finish()?;
        Ok(condition.unwrap_or(stands))
    };
    ctx.answer(updated, async |act| alerts::update(act, id, title, condition).await).await
}

fn updated(id: &AlertId) -> Result<Reply> {
    Reply::ok(&Updated { success: true, id: *id, message: "Alert updated successfully." })
}
