//! Erases the values of a deleted custom field, a page of leads a step. Of deleted leads none are kept.
//!
//! Its one rule: it begins when no request can be under way that still knows the field.

use super::rewrite;
use crate::{
    app::App,
    domain::{
        chore::{Chore, SETTLED, Step},
        lead::Lead,
    },
    error::{Error, Result},
    ids::{FieldId, Id},
    tenant::TenantId,
};

/// Leads of a step.
const PAGE: usize = 100;

pub async fn step(app: &App, tenant: TenantId, chore: &Chore, field_id: FieldId) -> Result<Step> {
    let settled = chore.created_at.plus(SETTLED);
    if app.now() < settled {
        return Ok(Step::Wait(settled));
    }
    let leads = app.repos(tenant).leads();
    let field = field_id.to_string();
    let before = read(chore.cursor.as_deref().unwrap_or_default())?;
    let page = leads.scan(leads.newest(before), PAGE, |lead| lead.custom.contains_key(&field)).await?;
    rewrite::all(app, &leads, page.found, |lead: &mut Lead| {
        lead.custom.remove(&field);
    })
    .await?;
    Ok(page.next.map_or(Step::Done, |id| Step::More(Some(id.to_string()))))
}

fn read(cursor: &str) -> Result<Option<Id>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    cursor.parse().map(Some).map_err(|_| Error::internal(format!("a chore cannot go on from {cursor}")))
}
