use shared::{
    error::Result,
    http::{
        ctx::Ctx,
        extract::{PathText, QueryFields},
        reply::Reply,
    },
};

use crate::{
    input::{NodeParameters, Wish},
    wire::{N8nCredentialOut, NodeOut},
};

/// Shows n8n nodes with every blank filled in, ready to paste: `canvas` is what n8n's canvas takes with Ctrl+V.
///
/// They name the credential that an earlier `POST` made in this n8n, else one that you make by hand. n8n is not called.
#[utoipa::path(get, path = "/api/n8n/nodes/{kind}", operation_id = "get_n8n_node",
    params(("kind" = String, Path, description = "Kind of node.", example = "payload-review"), NodeParameters),
    responses((status = 200, description = "The nodes.", body = NodeOut)))]
pub async fn handler(ctx: Ctx, PathText(kind): PathText, QueryFields(fields): QueryFields) -> Result<Reply> {
    let wish = Wish::read(&ctx, &kind, fields).await?;
    let credential = match wish.kind.path {
        Some(_) => {
            let known = ctx.repos().n8n_credentials().get(wish.installation.id).await?;
            Some(N8nCredentialOut::remembered(known.as_ref()))
        }
        None => None,
    };
    Reply::ok(&NodeOut::new(&wish, credential))
}
