use serde::Serialize;
use shared::{
    clock,
    domain::workflow::Workflow,
    error::Result,
    http::{
        ctx::Ctx,
        dialect::{D, ShownId, d},
        input::{Between, Cursor, InQuery},
        page::{Cut, Part},
        reply::Reply,
        shown::shown_as,
    },
    ids::{EntityId, WorkflowId},
    repo::workflows::Filter,
};
use utoipa::ToSchema;

shared::input! {
    /// Which workflows to list.
    pub struct ListQuery {
        /// From 1 on, which is the default. Pages reach the newest 1,000; `cursor` reaches all.
        page: Option<Between<1, { u32::MAX }>>,
        /// 1 to 100, default 20.
        #[name("pageSize")]
        page_size: Option<Between<1, 100>>,
        /// `nextCursor` of the part before.
        cursor: Option<Cursor>,
    }
    then(fields) {
        part: Part = Part::of(fields, page, page_size, cursor, 20)?,
    }
}

/// A part of the workflows, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = AgentWorkflowList)]
#[expect(dead_code, reason = "describes what the envelope of the dialect makes of the list")]
pub struct Listing {
    status: bool,
    #[schema(example = "Workflows")]
    message: String,
    data: Vec<Row>,
    meta: d::Meta,
}

/// A workflow, or that what is stored of one cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AgentWorkflowRow)]
pub enum Row {
    Workflow(WorkflowOut),
    Unreadable(Unreadable),
}

/// One workflow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentWorkflow)]
pub struct WorkflowOut {
    #[schema(value_type = String, example = "0000000000000d9ed8c14c01")]
    id: ShownId,
    #[schema(example = "Order follow-up")]
    title: String,
    /// `draft`, `active` or `archived`.
    #[schema(example = "active")]
    status: &'static str,
    #[schema(example = "2026-11-22T09:00:00Z")]
    created_at: String,
    #[schema(example = "2026-11-22T09:00:00Z")]
    updated_at: String,
}

/// A workflow whose stored form cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnreadableAgentWorkflow)]
pub struct Unreadable {
    #[schema(value_type = String, example = "0000000000000d9ed8c14c01")]
    id: ShownId,
    /// Always true.
    unreadable: bool,
}

impl From<Workflow> for WorkflowOut {
    fn from(workflow: Workflow) -> Self {
        Self {
            id: shown(workflow.id),
            title: workflow.name,
            status: workflow.status.as_str(),
            created_at: clock::iso(workflow.created_at),
            updated_at: clock::iso(workflow.updated_at),
        }
    }
}

/// Lists workflows, newest first.
#[utoipa::path(get, path = "/v1/workflows", operation_id = "d_list_workflows",
    params(ListQuery), responses((status = 200, description = "A part of them.", body = Listing)))]
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    let part = query.part;
    let cut = Cut::from(ctx.repos().workflows().page(&Filter::default(), part.asked).await?);
    let show = |workflow: Workflow| Ok(Row::Workflow(workflow.into()));
    let gap = |id| Row::Unreadable(Unreadable { id: shown(WorkflowId::of(id)), unreadable: true });
    let rows = shown_as(ctx.tenant, cut.rows, |workflow| workflow.id.untyped(), show, gap)?;
    d::list("Workflows", &rows, d::Meta::new(part.page, part.size, cut.total, cut.next_cursor))
}

fn shown(id: WorkflowId) -> ShownId {
    D.ids.show(id)
}
