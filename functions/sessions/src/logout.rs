use axum::response::{IntoResponse, Response};
use shared::{
    error::Result,
    http::{cookies, ctx::Ctx, peer::Peer, reply::Reply},
    ops::own_account,
};

use crate::wire::Done;

/// Ends the session. Its token is refused from now on, by other instances within a minute.
#[utoipa::path(post, path = "/api/auth/logout", operation_id = "log_out",
    responses((status = 200, description = "Logged out.", body = Done)))]
pub async fn handler(ctx: Ctx, peer: Peer) -> Result<Response> {
    let place = ctx.session()?.place();
    let render = |(): &()| Reply::ok(&Done { success: true, message: "Logged out." });
    let reply = ctx.answer(render, async |act| own_account::log_out(act, &place).await).await?;
    let mut response = reply.into_response();
    cookies::clear(response.headers_mut(), peer)?;
    Ok(response)
}
