use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    ops::account,
};

use crate::wire::AccountOut;

/// Shows the organization: its name, its plan, and whether its people need a second factor.
#[utoipa::path(get, path = "/api/v1/account", operation_id = "get_account",
    responses((status = 200, description = "The organization.", body = AccountOut)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    Reply::ok(&AccountOut::new(&account::get(&ctx).await?))
}
