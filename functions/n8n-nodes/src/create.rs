use shared::{
    error::Result,
    http::{ctx::Ctx, extract::PathText, fields::Fields, reply::Reply},
    ops::n8n_credentials::{self, Ensured, Held},
};

use crate::{
    input::{NodeParameters, Wish},
    wire::NodeOut,
};

/// Shows n8n nodes like `GET`, and makes the credential that they name in this n8n, through its API: a Header Auth
/// credential with a new API key of its own, which may only send what such nodes send.
///
/// One credential serves all nodes of an installation. It is made once (201) and then found again (200), unless somebody
/// deleted it in n8n or revoked its key. Where n8n does not let it be made, the reply is 200 too and says why and what
/// to do by hand; such a reply is not remembered under an `Idempotency-Key`.
///
/// The new key cannot do what the caller's own key cannot, and expires with it.
#[utoipa::path(post, path = "/api/n8n/nodes/{kind}", operation_id = "connect_n8n_node",
    params(("kind" = String, Path, description = "Kind of node.", example = "payload-review")),
    request_body = NodeParameters, responses(
        (status = 201, description = "The credential was made, or holds a new key.", body = NodeOut),
        (status = 200, description = "The credential was there, or is to be made by hand.", body = NodeOut)))]
pub async fn handler(ctx: Ctx, PathText(kind): PathText, fields: Fields) -> Result<Reply> {
    let wish = Wish::read(&ctx, &kind, fields).await?;
    if wish.kind.path.is_none() {
        let render = move |(): &()| Reply::ok(&NodeOut::new(&wish, None));
        return ctx.answer(render, async |act| Ok(act.commit(Vec::new(), &()).await?)).await;
    }
    let (installation, expires_at) = (wish.installation.clone(), ctx.caller.expires_at);
    let render = move |ensured: &_| told(&wish, ensured);
    ctx.answer(render, async |act| n8n_credentials::ensure(act, &installation, expires_at).await).await
}

fn told(wish: &Wish, ensured: &Ensured) -> Result<Reply> {
    let node = NodeOut::new(wish, Some(ensured.clone().into()));
    match ensured {
        Ensured::Held { how: Held::Created | Held::Renewed, .. } => Reply::created(&node),
        _ => Reply::ok(&node),
    }
}
