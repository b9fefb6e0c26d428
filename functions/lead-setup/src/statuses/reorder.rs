use serde::Serialize;
use serde_json::Value;
use shared::{
    domain::lead_setup::{MAX_STATUSES, Status},
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, id},
        input::{Asked, Field, InBody, describe},
        reply::Reply,
    },
    ids::StatusId,
    json::Kind,
    ops::lead_setup,
};
use utoipa::ToSchema;

use super::{StatusOut, shown};

shared::input! {
    /// The order to put the statuses into.
    pub struct ReorderStatuses {
        /// Ids of statuses, each once. Those that are left out follow in the order they had.
        #[example([3, 1, 4, 2])]
        ids: StatusIds,
    }
}

/// The statuses in their new order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reordered {
    success: bool,
    statuses: Vec<StatusOut>,
    count: usize,
    #[schema(example = "Statuses reordered successfully.")]
    message: &'static str,
}

/// Puts the statuses into another order, the built-in ones too.
#[utoipa::path(post, path = "/api/lead-statuses/reorder", operation_id = "reorder_lead_statuses",
    request_body = ReorderStatuses, responses((status = 200, description = "Stored.", body = Reordered)))]
pub async fn handler(ctx: Ctx, InBody(ReorderStatuses { ids }): InBody<ReorderStatuses>) -> Result<Reply> {
    ctx.answer(reordered, async |act| lead_setup::reorder(act, &ids).await).await
}

#[expect(clippy::ptr_arg, reason = "what the operation returns")]
fn reordered(statuses: &Vec<Status>) -> Result<Reply> {
    let statuses = shown(statuses);
    let message = "Statuses reordered successfully.";
    Reply::ok(&Reordered { success: true, count: statuses.len(), statuses, message })
}

/// Ids, at least one and no more than there may be statuses.
struct StatusIds;

impl Field for StatusIds {
    type Value = Vec<StatusId>;

    fn read(fields: &mut Fields, name: &str) -> Option<Vec<StatusId>> {
        let sent = fields.json(name)?;
        let problem = match sent.part().kind() {
            Kind::List(ids) if ids.clone().nth(MAX_STATUSES).is_some() => {
                "must be fewer: there are not so many statuses"
            }
            Kind::List(ids) if ids.clone().next().is_some() => match ids.map(id).collect() {
                Some(ids) => return Some(ids),
                None => "must be ids",
            },
            _ => "must be a list of ids",
        };
        fields.refuse(name, problem);
        None
    }

    fn schema(asked: Asked) -> Value {
        describe::list(asked, StatusId::schema(asked.item()), 1, MAX_STATUSES)
    }
}
