use serde::Serialize;
use shared::{
    domain::principal::Credential as Proof,
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    ids::{GroupId, UserId},
};
use utoipa::ToSchema;

/// Whose credential it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Credential {
    #[schema(example = "success")]
    status: &'static str,
    success: bool,
    #[schema(example = "The API key works.")]
    message: &'static str,
    #[schema(value_type = u64, example = 240_518_168_576_001_u64)]
    organization_id: u64,
    #[schema(value_type = u64)]
    user_id: UserId,
    #[schema(example = "john.doe@example.com")]
    username: String,
    /// The client group that new records belong to unless the request says otherwise.
    #[schema(value_type = u64)]
    group_id: GroupId,
    scopes: Vec<String>,
}

/// Tests a credential, as n8n's credential form does.
#[utoipa::path(get, path = "/api", operation_id = "test_credential", responses((status = 200, description = "The key works.", body = Credential)))]
pub async fn test_credential(ctx: Ctx) -> Result<Reply> {
    describe(&ctx)
}

/// Tests a credential, as newer versions of the vendor's nodes do.
#[utoipa::path(get, path = "/api/auth/test", operation_id = "test_credential_auth", responses((status = 200, description = "The key works.", body = Credential)))]
pub async fn test_credential_auth(ctx: Ctx) -> Result<Reply> {
    describe(&ctx)
}

fn describe(ctx: &Ctx) -> Result<Reply> {
    Reply::ok(&Credential {
        status: "success",
        success: true,
        message: match ctx.caller.credential {
            Proof::ApiKey(_) => "The API key works.",
            Proof::Session(_) | Proof::Operator => "The session works.",
        },
        organization_id: ctx.tenant.0,
        user_id: ctx.caller.user_id,
        username: ctx.caller.username.clone(),
        group_id: ctx.caller.group_id,
        scopes: ctx.caller.scopes.clone(),
    })
}
