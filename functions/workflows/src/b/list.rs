use serde::Serialize;
use shared::{
    clock,
    domain::workflow::{Workflow, WorkflowStatus},
    error::Result,
    http::{
        ctx::Ctx,
        dialect::{B, ShownId, b},
        input::{Between, Cursor, InQuery, Text, Word, Words},
        page::{Cut, Part},
        reply::Reply,
        shown::shown_as,
    },
    ids::{EntityId, WorkflowId},
    repo::workflows::Filter,
};
use utoipa::ToSchema;

shared::input! {
    /// Which workflows to list. Everything given must match.
    pub struct ListQuery {
        /// From 1 on, which is the default. Pages reach the newest 1,000; `cursor` reaches all.
        page: Option<Between<1, { u32::MAX }>>,
        /// 1 to 100, default 20.
        limit: Option<Between<1, 100>>,
        /// `draft` or `published`.
        status: Option<Word<Published>>,
        /// Text to find in the name, whatever its case.
        search: Option<Text<200>>,
        /// `next_cursor` of the part before.
        cursor: Option<Cursor>,
    }
    then(fields) {
        part: Part = Part::of(fields, page, limit, cursor, 20)?,
    }
}

/// The document's two words for what becomes of a workflow.
struct Published;

impl Words for Published {
    type Value = &'static [WorkflowStatus];

    const WORDS: &'static [&'static str] = &["draft", "published"];

    fn parse(word: &str) -> Option<Self::Value> {
        match word {
            "draft" => Some(&[WorkflowStatus::Draft, WorkflowStatus::Archived]),
            "published" => Some(&[WorkflowStatus::Active]),
            _ => None,
        }
    }
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
pub async fn handler(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    list(&ctx, query).await
}

/// Lists workflows by the name that the document's sample of error handling calls the list by.
#[utoipa::path(get, path = "/api/workflows", operation_id = "list_workflows_alias",
    params(ListQuery), responses((status = 200, description = "A part of them.", body = Listing)))]
pub async fn alias(ctx: Ctx, InQuery(query): InQuery<ListQuery>) -> Result<Reply> {
    list(&ctx, query).await
}

async fn list(ctx: &Ctx, query: ListQuery) -> Result<Reply> {
    let part = query.part;
    let filter = Filter { status: query.status, search: query.search.map(|text| text.to_lowercase()) };
    let cut = Cut::from(ctx.repos().workflows().page(&filter, part.asked).await?);
    let show = |workflow: Workflow| Ok(Row::Workflow(workflow.into()));
    let gap = |id| Row::Unreadable(Unreadable { id: shown(WorkflowId::of(id)), unreadable: true });
    let rows = shown_as(ctx.tenant, cut.rows, |workflow| workflow.id.untyped(), show, gap)?;
    b::list(&rows, b::Meta::new(part.page, part.size, cut.total, cut.next_cursor))
}

fn shown(id: WorkflowId) -> ShownId {
    B.ids.show(id)
}
