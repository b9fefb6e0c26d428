//! Where a record comes from, and which client group it belongs to.

use shared::{
    error::Result,
    http::{ctx::Ctx, fields::Fields},
    ids::Id,
};

/// What a request says of its workflow.
pub struct Origin {
    pub installation_id: Option<Id>,
    pub workflow_id: Option<String>,
    pub execution_id: Option<String>,
    group_id: Option<Id>,
}

impl Origin {
    pub fn read(fields: &mut Fields) -> Self {
        Self {
            installation_id: fields.id("installation_id"),
            workflow_id: evaluated(fields.text("workflow_id", 200)),
            execution_id: evaluated(fields.text("execution_id", 200)),
            group_id: fields.id("group_id"),
        }
    }

    /// The client group: the one that was named, else the installation's, else the key's. Settles the installation too.
    pub async fn group(&mut self, ctx: &Ctx) -> Result<Id> {
        ctx.check_group(self.group_id).await?;
        let found = ctx.installed().of(self.installation_id, self.workflow_id.as_deref()).await?;
        self.installation_id = found.as_ref().map(|installation| installation.id);
        Ok(self.group_id.or(found.map(|found| found.group_id)).unwrap_or(ctx.caller.group_id))
    }
}

/// The vendor's invoice node sends `={{$workflow.id}}` to the letter where its user gave no workflow: an expression
/// that n8n did not evaluate is no id.
fn evaluated(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.starts_with("={{"))
}
