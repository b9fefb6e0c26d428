use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        input::{Flag, InBody, Kept, Text},
        reply::Reply,
    },
    ops::account::{self, Change},
};

use crate::wire::AccountOut;

shared::input! {
    /// What to change of the organization; what is left out stays. Other fields are refused: the plan is not changed here.
    pub closed struct UpdateAccount {
        #[example("Acme Agency")]
        name: Kept<Text<200>>,
        /// Whether who logs in must have a second factor.
        second_factor_required: Option<Flag>,
    }
}

impl From<UpdateAccount> for Change {
    fn from(UpdateAccount { name, second_factor_required }: UpdateAccount) -> Self {
        Self { name, second_factor_required }
    }
}

/// Changes the organization's name, and what it asks of its people.
#[utoipa::path(patch, path = "/api/v1/account", operation_id = "update_account",
    request_body = UpdateAccount, responses((status = 200, description = "Changed.", body = AccountOut)))]
pub async fn handler(ctx: Ctx, InBody(input): InBody<UpdateAccount>) -> Result<Reply> {
    Reply::ok(&AccountOut::new(&account::update(&ctx, input.into()).await?))
}
