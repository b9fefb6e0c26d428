use super::{Amount, TITLE, Thresholds};
use shared::{
    domain::budget::{Period, Scope},
    error::Result,
    http::{
        ctx::Ctx,
        fields::{Fields, code},
        input::{Foreign, InBody, Text, Word},
        reply::Reply,
    },
    ids::GroupId,
    ops::money::{self, NewBudget},
};

shared::input! {
    /// A budget to create.
    pub struct CreateBudget {
        /// Begins the titles of its notifications.
        #[example("Model calls")]
        title: Option<Text<TITLE>>,
        /// Whose spending counts: `organization`, `group` or `workflow`. Left out: the one whose id is given, or the
        /// organization.
        #[example("organization")]
        scope: Option<Word<Whose>>,
        /// For `group`: the client group, of which counts what its installations use. For others: the client group that the
        /// notifications belong to, yours unless another is named.
        group_id: Option<GroupId>,
        /// For `workflow`: n8n's id of the workflow.
        workflow_id: Option<Foreign<200>>,
        /// `day` or `month`, in UTC.
        #[example("month")]
        period: Word<Period>,
        /// US dollars, to the cent.
        #[example(100)]
        amount: Amount,
        /// Percentages at which a notification is made. Left out: 50, 80 and 100.
        #[example([50, 80, 100])]
        thresholds: Option<Thresholds>,
    }
    then(fields) {
        /// Whose spending counts.
        whose: Scope = whose(fields, scope, group_id, workflow_id.clone())?,
    }
}

shared::ack! {
    /// The budget is created.
    Created as CreatedBudget, 42, new: "Budget created successfully."
}

/// Creates a budget. What was spent in its day or month before counts as well.
///
/// For each threshold a notification is made when it is reached, within two minutes and once in each window. Nothing is
/// stopped.
#[utoipa::path(post, path = "/api/budgets", operation_id = "create_budget",
    request_body = CreateBudget, responses((status = 201, description = "Created.", body = Created)))]
pub async fn handler(ctx: Ctx, InBody(sent): InBody<CreateBudget>) -> Result<Reply> {
    let new = NewBudget {
        title: sent.title,
        scope: sent.whose,
        period: sent.period,
        pico: sent.amount,
        thresholds: sent.thresholds,
        group_id: sent.group_id,
    };
    ctx.answer(Created::of, async |act| money::create_budget(act, new).await).await
}

shared::words! {
    /// The scopes by their names.
    enum Whose { Organization = "organization", Group = "group", Workflow = "workflow" }
}

fn whose(
    fields: &mut Fields,
    scope: Option<Whose>,
    group: Option<GroupId>,
    workflow: Option<String>,
) -> Option<Scope> {
    let scope = scope.unwrap_or(match (group, &workflow) {
        (Some(_), _) => Whose::Group,
        (None, Some(_)) => Whose::Workflow,
        (None, None) => Whose::Organization,
    });
    let (found, name) = match scope {
        Whose::Organization => return Some(Scope::Organization),
        Whose::Group => (group.map(Scope::Group), "group_id"),
        Whose::Workflow => (workflow.map(Scope::Workflow), "workflow_id"),
    };
    if found.is_none() && !fields.is_refused(name) {
        fields.refuse_as(name, code::REQUIRED, "is required for this scope");
    }
    found
}
