use serde::Serialize;
use shared::{
    clock,
    domain::workflow::{Workflow, WorkflowStatus},
    error::Result,
    http::{
        ctx::Ctx,
        dialect::{B, ShownId, b},
        extract::QueryFields,
        page::Part,
        reply::Reply,
        shown::shown_as,
    },
    ids::{EntityId, WorkflowId},
    repo::workflows::Filter,
};
use utoipa::{IntoParams, ToSchema};

/// Which workflows to list. Everything given must match.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query that the handler reads leniently")]
pub struct ListQuery {
    /// From 1 on, which is the default. Pages reach the newest 1,000; `cursor` reaches all.
    page: Option<u32>,
    /// 1 to 100, default 20.
    limit: Option<u32>,
    /// `draft` or `published`.
    status: Option<String>,
    /// Text to find in the name, whatever its case.
    #[param(max_length = 200)]
    search: Option<String>,
    /// `next_cursor` of the part before.
    #[param(max_length = 400)]
    cursor: Option<String>,
}

/// A part of the workflows, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = WorkflowList)]
#[expect(dead_code, reason = "describes what the envelope of the dialect makes of the list")]
pub struct Listing {
    success: bool,
    data: Vec<Row>,
    meta: b::Meta,
}

/// A workflow, or that what is stored of one cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = WorkflowRow)]
pub enum Row {
    Workflow(WorkflowOut),
    Unreadable(Unreadable),
}

/// One workflow.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkflowOut {
    #[schema(value_type = String, example = "wf_1Gd3mP2a")]
    id: ShownId,
    #[schema(example = "Lead Notification")]
    name: String,
    /// `draft` or `published`.
    #[schema(example = "published")]
    status: &'static str,
    #[schema(example = "2026-11-22T09:00:00Z")]
    created_at: String,
    #[schema(example = "2026-11-22T09:00:00Z")]
    updated_at: String,
}

/// A workflow whose stored form cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnreadableWorkflow)]
pub struct Unreadable {
    #[schema(value_type = String, example = "wf_1Gd3mP2a")]
    id: ShownId,
    /// Always true.
    unreadable: bool,
}

impl From<Workflow> for WorkflowOut {
    fn from(workflow: Workflow) -> Self {
        Self {
            id: shown(workflow.id),
            name: workflow.name,
            // The document knows two words; what is put away starts no more than a draft does.
            status: if workflow.status == WorkflowStatus::Active { "published" } else { "draft" },
            created_at: clock::iso(workflow.created_at),
            updated_at: clock::iso(workflow.updated_at),
        }
    }
}

/// Lists workflows, newest first.
#[utoipa::path(get, path = "/v1/workflows", operation_id = "list_workflows",
    params(ListQuery), responses((status = 200, description = "A part of them.", body = Listing)))]
pub async fn handler(ctx: Ctx, query: QueryFields) -> Result<Reply> {
    list(&ctx, query).await
}

/// Lists workflows by the name that the document's sample of error handling calls the list by.
#[utoipa::path(get, path = "/api/workflows", operation_id = "list_workflows_alias",
    params(ListQuery), responses((status = 200, description = "A part of them.", body = Listing)))]
pub async fn alias(ctx: Ctx, query: QueryFields) -> Result<Reply> {
    list(&ctx, query).await
}

async fn list(ctx: &Ctx, QueryFields(mut fields): QueryFields) -> Result<Reply> {
    let part = Part::read(&mut fields, "limit", 20, 100);
    let filter = Filter {
        status: fields.one_of("status", &["draft", "published"], statuses),
        search: fields.text("search", 200).map(|text| text.to_lowercase()),
    };
    fields.finish()?;
    let (limit, before) = part.to_read();
    let found = ctx.repos().workflows().list(&filter, limit, before).await?;
    let cut = part.cut(found, |workflow| workflow.id.untyped());
    let show = |workflow: Workflow| Ok(Row::Workflow(workflow.into()));
    let gap = |id| Row::Unreadable(Unreadable { id: shown(WorkflowId::of(id)), unreadable: true });
    let rows = shown_as(ctx.tenant, cut.rows, |workflow| workflow.id.untyped(), show, gap)?;
    b::list(&rows, b::Meta::new(part.page, part.size, cut.total, cut.next_cursor))
}

fn statuses(word: &str) -> Option<&'static [WorkflowStatus]> {
    match word {
        "draft" => Some(&[WorkflowStatus::Draft, WorkflowStatus::Archived]),
        "published" => Some(&[WorkflowStatus::Active]),
        _ => None,
    }
}

fn shown(id: WorkflowId) -> ShownId {
    B.ids.show(id)
}
