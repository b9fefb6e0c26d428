use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        input::{Email, InBody, Patch, Patched, Text},
        reply::Reply,
    },
    ops::account::{self, BillingChange},
};

use crate::wire::BillingOut;

shared::input! {
    /// What to change of whom bills go to; what is left out stays, and null takes it away. Other fields are refused: the plan is not
    /// changed here.
    pub closed struct UpdateBilling {
        #[example("billing@example.com")]
        billing_email: Patch<Email>,
        #[example("Acme Agency Ltd.")]
        company: Patch<Text<200>>,
        /// The postal address.
        #[example("1 High Street, London")]
        address: Patch<Text<500>>,
        /// The number under which the company pays taxes.
        #[example("GB123456789")]
        tax_id: Patch<Text<50>>,
    }
}

impl From<UpdateBilling> for BillingChange {
    fn from(input: UpdateBilling) -> Self {
        Self {
            email: text(input.billing_email),
            company: text(input.company),
            address: text(input.address),
            tax_id: text(input.tax_id),
        }
    }
}

fn text(patched: Patched<String>) -> Option<String> {
    if patched.is_taken() { Some(String::new()) } else { patched.set() }
}

/// Changes whom bills go to. The plan stays: the operator of this Baton changes it.
#[utoipa::path(patch, path = "/api/v1/account/billing", operation_id = "update_billing",
    request_body = UpdateBilling, responses((status = 200, description = "Changed.", body = BillingOut)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<UpdateBilling>) -> Result<Reply> {
    Reply::ok(&BillingOut::new(&account::update_billing(&ctx, input.into()).await?))
}
