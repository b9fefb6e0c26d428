use axum::{extract::State, response::Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use shared::{
    accounts::MAX_PASSWORD,
    app::SharedApp,
    clock,
    domain::second_factor::MAX_CODE,
    error::Result,
    http::{
        cookies,
        fields::Fields,
        first_party::FirstParty,
        input::{Secret, Text},
        peer::Peer,
        reply::Reply,
    },
};
use utoipa::ToSchema;

use crate::wire::{AdminOut, uncached};

shared::input! {
    /// Who wants in.
    pub struct Login {
        /// The e-mail address.
        #[example("john.doe@example.com")]
        #[alias("email")]
        username: Text<254>,
        #[example("correct horse battery")]
        password: Secret<MAX_PASSWORD>,
        /// A code of the second factor, or a recovery code, where the user has one.
        #[example("492039")]
        otp: Option<Text<MAX_CODE>>,
    }
}

/// A session has begun.
#[derive(Serialize, ToSchema)]
pub struct LoggedIn {
    /// A JWT, for `Authorization: Bearer`.
    #[schema(
        example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6IjcuOC45In0.eyJzdWIiOiI4IiwiLi4uIjoiLi4uIn0.c2lnbmF0dXJl"
    )]
    token: String,
    /// When the token ends, an hour from now. As a cookie it is renewed while it is used, for twelve hours at most.
    #[schema(example = "2025-01-21T11:30:00Z")]
    expires_at: String,
    admin: AdminOut,
    /// What a browser sends as `X-CSRF-Token` beside the cookie. Also in the cookie `baton_csrf`.
    #[schema(example = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    csrf_token: String,
}

/// Logs a user in, and has a browser keep the session as a cookie.
///
/// A wrong password and an unknown user read alike. Ten failures within a quarter of an hour under one name from one
/// address, fifty under one name or a hundred from one address close the door until the quarter ends. Where this user has
/// logged in from within thirty days, only fifty failures under this name from there do.
///
/// Where the user has a second factor, the password alone is 401 `second_factor_required`: send `otp` beside it. A code is good
/// once; one that is wrong or was used is 401 `invalid_second_factor`, and counts as a failure.
///
/// The body must come with its `Content-Type`, and not from a page of another site (`Sec-Fetch-Site`), unless
/// `BATON_CORS_ORIGINS` lists its origin.
#[utoipa::path(post, path = "/api/v1/admin/login", operation_id = "admin_login",
    request_body = Login, responses((status = 200, description = "Logged in.", body = LoggedIn)))]
pub async fn admin_login(
    State(app): State<SharedApp>,
    peer: Peer,
    FirstParty(fields): FirstParty,
) -> Result<Response> {
    begin(&app, peer, fields).await
}

/// Logs a user in: another name of `POST /api/v1/admin/login`.
#[utoipa::path(post, path = "/api/v1/sessions/admin", operation_id = "create_admin_session",
    request_body = Login, responses((status = 200, description = "Logged in.", body = LoggedIn)))]
pub async fn create_admin_session(
    State(app): State<SharedApp>,
    peer: Peer,
    FirstParty(fields): FirstParty,
) -> Result<Response> {
    begin(&app, peer, fields).await
}

/// Logs a user in: another name of `POST /api/v1/admin/login`.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "log_in",
    request_body = Login, responses((status = 200, description = "Logged in.", body = LoggedIn)))]
pub async fn log_in(
    State(app): State<SharedApp>,
    peer: Peer,
    FirstParty(fields): FirstParty,
) -> Result<Response> {
    begin(&app, peer, fields).await
}

async fn begin(app: &SharedApp, peer: Peer, fields: Fields) -> Result<Response> {
    let Login { username, password, otp } = Login::read(fields)?;
    let (user, token) = app.accounts().log_in_with(&username, password, otp.as_deref(), peer.address).await?;
    let mut response = uncached(Reply::ok(&LoggedIn {
        token: token.text.expose_secret().to_owned(),
        expires_at: clock::iso(token.expires_at),
        admin: AdminOut::of(&user),
        csrf_token: token.csrf_token.clone(),
    })?);
    cookies::set(response.headers_mut(), &token, peer, app.now())?;
    Ok(response)
}
