use serde::Serialize;
use shared::{
    domain::lead_setup::MAX_STATUSES,
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, id},
        reply::Reply,
    },
    ids::Id,
    json::Kind,
};
use utoipa::ToSchema;

use super::{StatusOut, shown};
use crate::change::{change, refused};

/// The order to put the statuses into.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct ReorderStatuses {
    /// Ids of statuses, each once. Those that are left out follow in the order they had.
    #[schema(min_items = 1, max_items = 100, example = json!([3, 1, 4, 2]))]
    ids: Vec<u64>,
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
#[utoipa::path(post, path = "/api/lead-statuses/reorder", operation_id = "reorder_lead_statuses", tag = "pipeline",
    request_body = ReorderStatuses, responses((status = 200, description = "Stored.", body = Reordered)))]
pub async fn handler(ctx: Ctx, mut fields: Fields) -> Result<Reply> {
    let ids = read_ids(&mut fields);
    fields.finish()?;
    change(&ctx, |setup| {
        setup.reorder(&ids).map_err(refused)?;
        let statuses = shown(setup);
        let message = "Statuses reordered successfully.";
        Ok((Reply::ok(&Reordered { success: true, count: statuses.len(), statuses, message })?, None))
    })
    .await
}

fn read_ids(fields: &mut Fields) -> Vec<Id> {
    let sent = fields.json("ids");
    let problem = match sent.as_ref().map(|sent| sent.part().kind()) {
        None => "is required",
        Some(Kind::List(ids)) if ids.clone().nth(MAX_STATUSES).is_some() => {
            "must be fewer: there are not so many statuses"
        }
        Some(Kind::List(ids)) if ids.clone().next().is_some() => match ids.map(id).collect() {
            Some(ids) => return ids,
            None => "must be ids",
        },
        Some(_) => "must be a list of ids",
    };
    if !fields.is_refused("ids") {
        fields.refuse("ids", problem);
    }
    Vec::new()
}
