//! The user's own second factor. Its secret and its recovery codes are in a reply once each.

use axum::response::Response;
use serde::Serialize;
use shared::{
    accounts::MAX_PASSWORD,
    clock,
    domain::second_factor::{MAX_CODE, base32, otpauth_url},
    error::Result,
    http::{
        ctx::Ctx,
        input::{InBody, Secret, Text},
        peer::Peer,
        reply::Reply,
    },
    ops::second_factor::{self, Begun, Proof},
};
use utoipa::ToSchema;

use crate::wire::uncached;

shared::input! {
    /// A code of the second factor.
    pub closed struct ConfirmSecondFactor {
        #[example("492039")]
        code: Text<MAX_CODE>,
    }
}

shared::input! {
    /// What shows that it is the user who gives the second factor up: one of the two.
    pub closed struct GiveUpSecondFactor {
        #[example("correct horse battery")]
        password: Option<Secret<MAX_PASSWORD>>,
        /// A code of the second factor, or a recovery code.
        code: Option<Text<MAX_CODE>>,
    }
    then(fields) {
        proof: Proof = match (&password, &code) {
            (Some(password), _) => Proof::Password(password.clone()),
            (None, Some(code)) => Proof::Code(code.clone()),
            (None, None) => {
                fields.refuse("password", "is required, or code");
                return None;
            }
        },
    }
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
#[schema(as = BegunSecondFactor)]
pub struct BegunOut {
    /// To be typed.
    #[schema(example = "GAYTEMZUGU3DOOBZMFRGGZDFMZTWQ2LKGAYTEMZUGU3Q")]
    secret: String,
    /// To be opened, or shown as a square of dots.
    #[schema(
        example = "otpauth://totp/Baton:jane.doe%40example.com?secret=GAYTEMZUGU3DOOBZMFRGGZDFMZTWQ2LKGAYTEMZUGU3Q&issuer=Baton&algorithm=SHA1&digits=6&period=30"
    )]
    otpauth_url: String,
    #[schema(example = "Confirm it with a code. The secret is not shown again.")]
    message: &'static str,
}

/// The second factor counts from now on.
#[derive(Serialize, ToSchema)]
#[schema(as = ConfirmedSecondFactor)]
pub struct ConfirmedOut {
    /// Each is good once, for whoever has lost the app.
    #[schema(example = json!(["0123456789abcdef"]))]
    recovery_codes: Vec<String>,
    #[schema(example = "Keep the recovery codes now: they are not shown again.")]
    message: &'static str,
}

/// What there is of a second factor.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondFactorState)]
pub struct StateOut {
    /// Whether logins ask for a code.
    enabled: bool,
    /// When it was confirmed; null where it was not.
    #[schema(example = "2026-11-22T09:00:00Z")]
    confirmed_at: Option<String>,
    /// Recovery codes that were not used yet.
    #[schema(example = 10)]
    recovery_codes_left: usize,
}

/// Tells whether the user has a second factor, and how many recovery codes are left. New ones come with a new second factor.
#[utoipa::path(get, path = "/api/v1/second_factor", operation_id = "get_second_factor",
    responses((status = 200, description = "What there is of it.", body = StateOut)))]
pub async fn get(ctx: Ctx) -> Result<Reply> {
    let confirmed = second_factor::confirmed(&ctx).await?;
    Reply::ok(&StateOut {
        enabled: confirmed.is_some(),
        confirmed_at: confirmed.as_ref().and_then(|factor| factor.confirmed_at).map(clock::iso),
        recovery_codes_left: confirmed.map_or(0, |factor| factor.recovery.len()),
    })
}

/// Begins a second factor: makes a secret for an authenticator app (TOTP), in the place of one that was not confirmed.
#[utoipa::path(post, path = "/api/v1/second_factor", operation_id = "begin_second_factor",
    responses((status = 200, description = "The secret, and never again.", body = BegunOut)))]
pub async fn begin(ctx: Ctx) -> Result<Response> {
    let render = |Begun { secret, email }: &Begun| {
        Reply::ok(&BegunOut {
            secret: base32(secret),
            otpauth_url: otpauth_url(secret, email),
            message: "Confirm it with a code. The secret is not shown again.",
        })
    };
    ctx.answer(render, async |act| second_factor::begin(act).await).await.map(uncached)
}

/// Confirms the second factor by a code of it. Logins ask for a code from now on. A wrong code counts as a failed login.
#[utoipa::path(post, path = "/api/v1/second_factor/confirm", operation_id = "confirm_second_factor",
    request_body = ConfirmSecondFactor,
    responses((status = 200, description = "The recovery codes, and never again.", body = ConfirmedOut)))]
pub async fn confirm(ctx: Ctx, peer: Peer, InBody(sent): InBody<ConfirmSecondFactor>) -> Result<Response> {
    let render = |codes: &Vec<String>| {
        let message = "Keep the recovery codes now: they are not shown again.";
        Reply::ok(&ConfirmedOut { recovery_codes: codes.clone(), message })
    };
    ctx.answer(render, async |act| second_factor::confirm(act, &sent.code, peer.address).await)
        .await
        .map(uncached)
}

/// Gives the second factor up. The password shows that it is the user, or a code. A wrong one counts as a failed login.
#[utoipa::path(delete, path = "/api/v1/second_factor", operation_id = "delete_second_factor",
    request_body = GiveUpSecondFactor, responses((status = 204, description = "Gone.")))]
pub async fn give_up(ctx: Ctx, peer: Peer, InBody(sent): InBody<GiveUpSecondFactor>) -> Result<Reply> {
    let proof = sent.proof;
    let render = |(): &()| Ok(Reply::no_content());
    ctx.answer(render, async move |act| second_factor::give_up(act, proof, peer.address).await).await
}
