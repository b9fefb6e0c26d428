use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    ops::account,
};

use crate::wire::BillingOut;

/// Shows the plan, what was used of it today, and whom bills go to.
#[utoipa::path(get, path = "/api/v1/account/billing", operation_id = "get_billing",
    responses((status = 200, description = "The billing.", body = BillingOut)))]
pub async fn handler(ctx: Ctx) -> Result<Reply> {
    Reply::ok(&BillingOut::new(&account::billing(&ctx).await?))
}
