use serde::Serialize;
use shared::{
    domain::{
        budget::{Budget, MAX_BUDGETS, Scope, THRESHOLDS},
        chore::What,
    },
    error::{Error, Result},
    http::{ctx::Ctx, fields::Fields, origin::check_group, reply::Reply},
    ids::{BudgetId, Id},
};
use utoipa::ToSchema;

use super::Wish;
use crate::change::{change, full};

/// A budget to create.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body that the handler reads leniently")]
pub struct CreateBudget {
    /// Begins the titles of its notifications.
    #[schema(max_length = 200, example = "Model calls")]
    title: Option<String>,
    /// Whose spending counts: `organization`, `group` or `workflow`. Left out: the one whose id is given, or the
    /// organization.
    #[schema(example = "organization")]
    scope: Option<String>,
    /// For `group`: the client group, of which counts what its installations use. For others: the client group that the
    /// notifications belong to, yours unless another is named.
    group_id: Option<u64>,
    /// For `workflow`: n8n's id of the workflow.
    #[schema(max_length = 200)]
    workflow_id: Option<String>,
    /// `day` or `month`, in UTC.
    #[schema(example = "month")]
    period: String,
    /// US dollars, to the cent.
    #[schema(minimum = 0.01, maximum = 1_000_000, example = 100)]
    amount: f64,
    /// Percentages at which a notification is made. Left out: 50, 80 and 100.
    #[schema(value_type = Option<Vec<u16>>, example = json!([50, 80, 100]))]
    thresholds: Option<Vec<u16>>,
}

/// The budget is created.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedBudget)]
pub struct Created {
    success: bool,
    #[schema(value_type = u64, example = 42)]
    id: BudgetId,
    #[schema(example = "Budget created successfully.")]
    message: &'static str,
}

/// Creates a budget. What was spent in its day or month before counts as well.
///
/// For each threshold a notification is made when it is reached, within two minutes and once in each window. Nothing is
/// stopped.
#[utoipa::path(post, path = "/api/budgets", operation_id = "create_budget", tag = "prices and budgets",
    request_body = CreateBudget, responses((status = 201, description = "Created.", body = Created)))]
pub async fn handler(ctx: Ctx, mut fields: Fields) -> Result<Reply> {
    fields.require("period");
    fields.require("amount");
    let wish = Wish::read(&mut fields);
    let group_id = fields.id("group_id");
    let scope = scope(&mut fields, group_id);
    fields.finish()?;
    let (Some(period), Some(pico), Some(scope)) = (wish.period, wish.pico, scope) else {
        return Err(Error::internal("a refused field passed"));
    };
    check_group(&ctx, group_id).await?;
    let budget = Budget {
        id: ctx.app.id(),
        title: wish.title.unwrap_or_else(|| "Budget".into()),
        scope,
        period,
        pico,
        thresholds: wish.thresholds.unwrap_or_else(|| THRESHOLDS.into()),
        group_id: group_id.unwrap_or(ctx.caller.group_id),
        created_at: ctx.now,
        changed_at: ctx.now,
        told: Vec::new(),
    };
    change(&ctx, |money| {
        if money.budgets.len() >= MAX_BUDGETS {
            let message = format!("There are {MAX_BUDGETS} budgets already, as many as there may be.");
            return Err(full("too_many_budgets", message));
        }
        money.budgets.push(budget.clone());
        let created = Created { success: true, id: budget.id, message: "Budget created successfully." };
        Ok((Reply::created(&created)?, Some(What::CheckBudgets)))
    })
    .await
}

fn scope(fields: &mut Fields, group: Option<Id>) -> Option<Scope> {
    let workflow = fields.foreign_id("workflow_id", 200);
    let word = fields.one_of("scope", &["organization", "group", "workflow"], |word| Some(word.to_owned()));
    let word = word.as_deref().unwrap_or(match (group, &workflow) {
        (Some(_), _) => "group",
        (None, Some(_)) => "workflow",
        (None, None) => "organization",
    });
    match (word, group, workflow) {
        ("group", Some(group), _) => Some(Scope::Group(group)),
        ("workflow", _, Some(workflow)) => Some(Scope::Workflow(workflow)),
        ("organization", ..) => Some(Scope::Organization),
        (word, ..) => {
            let name = if word == "group" { "group_id" } else { "workflow_id" };
            if !fields.is_refused(name) {
                fields.refuse(name, "is required for this scope");
            }
            None
        }
    }
}
