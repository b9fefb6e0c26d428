use serde::Serialize;
use shared::{
    error::Result,
    http::{ctx::Ctx, reply::Reply},
    n8n::nodes::{self, COMMON, NodeParameter},
};
use utoipa::ToSchema;

/// The kinds of nodes there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeCatalogue {
    success: bool,
    nodes: Vec<NodeKindOut>,
    #[schema(example = 12)]
    count: usize,
}

#[derive(Debug, Serialize, ToSchema)]
struct NodeKindOut {
    #[schema(example = "payload-review")]
    kind: &'static str,
    #[schema(example = "Payload with review")]
    title: &'static str,
    description: &'static str,
    /// The request that the nodes send; null when they send none.
    #[schema(example = "POST /automation/payload/create")]
    sends: Option<String>,
    parameters: Vec<NodeParameter>,
    /// What to know or do beside pasting.
    notes: &'static [&'static str],
}

/// Lists the n8n nodes that can be copied.
#[utoipa::path(get, path = "/api/n8n/nodes", operation_id = "list_n8n_nodes",
    responses((status = 200, description = "The kinds of nodes.", body = NodeCatalogue)))]
pub async fn handler(_: Ctx) -> Result<Reply> {
    let nodes: Vec<_> = nodes::ALL
        .iter()
        .map(|kind| NodeKindOut {
            kind: kind.key,
            title: kind.title,
            description: kind.description,
            sends: nodes::sends(kind),
            parameters: [&COMMON, kind.parameters].concat(),
            notes: kind.notes,
        })
        .collect();
    Reply::ok(&NodeCatalogue { success: true, count: nodes.len(), nodes })
}
