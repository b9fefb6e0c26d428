//! Erases the values of a deleted custom field, a page of leads a step: first those that are there, then those that were
//! deleted and are kept.
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
/// What the cursor says while the deleted ones are gone through.
const DELETED: &str = "deleted";

pub async fn step(app: &App, tenant: TenantId, chore: &Chore, field_id: FieldId) -> Result<Step> {
    let settled = chore.created_at.plus(SETTLED);
    if app.now() < settled {
        return Ok(Step::Wait(settled));
    }
    let leads = app.repos(tenant).leads();
    let field = field_id.to_string();
    let cursor = chore.cursor.as_deref().unwrap_or_default();
    match cursor.strip_prefix(DELETED) {
        None => {
            let page = leads
                .scan(leads.newest(read(cursor)?), PAGE, |lead| lead.custom.contains_key(&field))
                .await?;
            rewrite::all(app, &leads, page.found, |lead: &mut Lead| {
                lead.custom.remove(&field);
            })
            .await?;
            Ok(Step::More(Some(page.next.map_or_else(|| DELETED.into(), |id| id.to_string()))))
        }
        Some(cursor) => {
            let page = leads.deleted(read(cursor)?, PAGE).await?;
            for mut kept in page.found.into_iter().filter(|kept| kept.lead.custom.contains_key(&field)) {
                kept.lead.custom.remove(&field);
                app.store.write(leads.keep(&kept)?).await?;
            }
            Ok(page.next.map_or(Step::Done, |id| Step::More(Some(format!("{DELETED}{id}")))))
        }
    }
}

fn read(cursor: &str) -> Result<Option<Id>> {
    if cursor.is_empty() {
        return Ok(None);
    }
    cursor.parse().map(Some).map_err(|_| Error::internal(format!("a chore cannot go on from {cursor}")))
}
