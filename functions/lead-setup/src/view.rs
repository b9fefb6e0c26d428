//! The columns in which the caller's user looks at leads.

use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    domain::lead_view::{self, column_name},
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Asked, Field, InBody, describe},
        reply::Reply,
    },
    json::{Json, Kind},
    ops::lead_setup,
};
use utoipa::ToSchema;

/// The columns that a user has chosen.
#[derive(Debug, Serialize, ToSchema)]
pub struct View {
    /// In their order, as they were saved.
    #[schema(value_type = Vec<Value>, example = json!(["first_name", { "key": "email", "visible": true }]))]
    columns: Vec<Json>,
}

shared::input! {
    /// The columns to save.
    pub struct SetView {
        /// At most 200. Each is the name of a lead's field or custom field, or an object that has it under `key`, `field` or
        /// `name`, beside whatever the page wants kept (`visible`, `width`, …).
        #[example(["first_name", { "key": "email", "visible": true }])]
        columns: Columns,
    }
}

/// The columns are saved.
#[derive(Debug, Serialize, ToSchema)]
pub struct Saved {
    success: bool,
    #[serde(flatten)]
    view: View,
    #[schema(example = "View saved successfully.")]
    message: &'static str,
}

/// Shows the columns that the user has saved, or the usual ones. Columns of deleted fields are left out.
#[utoipa::path(get, path = "/api/leads/view-config", operation_id = "get_lead_view",
    responses((status = 200, description = "The columns.", body = View)))]
pub async fn get(ctx: Ctx) -> Result<Reply> {
    Reply::ok(&View { columns: lead_setup::view(&ctx).await? })
}

/// Saves which columns the user sees, and in which order. What was saved before is replaced.
#[utoipa::path(put, path = "/api/leads/view-config", operation_id = "set_lead_view",
    request_body = SetView, responses((status = 200, description = "Saved.", body = Saved)))]
pub async fn set(ctx: Ctx, InBody(SetView { columns }): InBody<SetView>) -> Result<Reply> {
    ctx.answer(saved, async |act| lead_setup::set_view(act, columns).await).await
}

#[expect(clippy::ptr_arg, reason = "what the operation returns")]
fn saved(columns: &Vec<Json>) -> Result<Reply> {
    let view = View { columns: columns.clone() };
    Reply::ok(&Saved { success: true, view, message: "View saved successfully." })
}

/// The columns in their order.
struct Columns;

impl Field for Columns {
    type Value = Vec<Json>;

    fn read(fields: &mut Fields, name: &str) -> Option<Vec<Json>> {
        let sent = fields.json(name)?;
        let Kind::List(columns) = sent.part().kind() else {
            fields.refuse_as(name, code::TYPE, "must be a list");
            return None;
        };
        let problem = if columns.clone().nth(lead_view::MAX_COLUMNS).is_some() {
            format!("must be at most {}", lead_view::MAX_COLUMNS)
        } else if sent.as_str().len() > lead_view::MAX_BYTES {
            format!("must have at most {} bytes of JSON", lead_view::MAX_BYTES)
        } else if columns.clone().any(|column| column_name(column).is_none()) {
            "must be names, or objects with a key, field or name".into()
        } else {
            return Some(columns.map(Json::from).collect());
        };
        fields.refuse(name, problem);
        None
    }

    fn schema(asked: Asked) -> Value {
        describe::list(asked, json!({}), 0, lead_view::MAX_COLUMNS)
    }
}
