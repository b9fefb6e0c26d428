//! Leads: posting, changing and deleting them.
//!
//! Its one rule: an e-mail address has one lead in a client group, unless who posts wants two.

mod bulk;
mod create;

pub use bulk::{Bulk, Bulked, Trouble, bulk};
pub use create::{LookedUp, NewLead, Posted, create, look_up};

use futures::future::try_join;

use super::{
    act::{Act, Refused},
    again::Again,
    deletion::{Deleted, Waiting},
    happened,
    lists::{self, Begin, Found},
    origin::{check_group, group_asked},
};
use crate::{
    domain::{
        keep,
        lead::{Change, DeletedLead, Lead},
        lead_setup::LeadSetup,
        review::AutomationStatus,
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::{GroupId, Id, InstallationId, LeadId},
    repo::leads::Filter,
};

/// What to change of a lead; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub change: Change,
    pub installation_id: Option<InstallationId>,
    pub workflow_id: Option<String>,
    pub execution_id: Option<String>,
    pub human_interaction: Option<bool>,
    pub allow_regenerate: Option<bool>,
    /// Without a decision: n8n is not told.
    pub automation_status: Option<AutomationStatus>,
    /// Moves it to another client group.
    pub group_id: Option<GroupId>,
}

/// Lists leads, newest first or as a search finds them, with the setup that they are to be seen by: read beside them, unless it is
/// known.
pub async fn list(
    act: &Act,
    filter: &Filter,
    begin: Begin,
    limit: usize,
    known: Option<LeadSetup>,
) -> Result<(Found<Lead>, LeadSetup)> {
    let filter = &Filter { group_id: group_asked(act, filter.group_id).await?, ..filter.clone() };
    let setup = async {
        match known {
            Some(setup) => Ok(setup),
            None => Ok(act.repos().lead_setups().load().await?),
        }
    };
    try_join(page(act, filter, begin, limit), setup).await
}

async fn page(act: &Act, filter: &Filter, begin: Begin, limit: usize) -> Result<Found<Lead>> {
    let by_group = filter.group_id.is_some() || !act.reach.is_all();
    let leads = if by_group { act.listed().await? } else { act.repos().leads() };
    match begin {
        Begin::Newest(before) => Ok(Found::newest(leads.list(filter, limit, before).await?, before)),
        Begin::Search(text, after) => {
            let wanted = |lead: &Lead| filter.matches(lead);
            lists::search(act, leads, filter.group_id, (&text, after), limit, wanted).await
        }
    }
}

/// Changes a lead, which was just read. Fails with `email_taken` where another lead of the client group has the new address.
pub async fn update(act: &Act, mut before: Lead, patch: Patch) -> Result<Lead> {
    check_group(act, patch.group_id).await?;
    if let Some(id) = patch.installation_id {
        act.installed().get(id).await?;
    }
    let id = before.id();
    let mut again = Again::new(&act.app, "the lead");
    loop {
        match store(act, &before, &patch).await {
            Ok(lead) => return Ok(lead),
            // Somebody changed the lead meanwhile, or took the address.
            Err(refused) => again.after(refused).await?,
        }
        before = act.repos().leads().get(id).await?.or_not_found("record")?;
    }
}

async fn store(act: &Act, before: &Lead, patch: &Patch) -> Result<Lead, Refused> {
    let mut lead = before.clone();
    patch.write_into(&mut lead, act);
    claim_address(act, before, &mut lead).await?;
    lead.subject.touch(act.now);
    let mut writes = act.listed::<Lead>().await?.replace(before, &lead)?;
    writes.extend(happened::updated(act, before, &lead)?);
    act.commit_once(writes, &lead, &lead).await?;
    Ok(lead)
}

impl Patch {
    fn write_into(&self, lead: &mut Lead, act: &Act) {
        lead.apply(self.change.clone());
        let subject = &mut lead.subject;
        subject.aim(self.installation_id, self.execution_id.clone());
        subject.workflow_id = self.workflow_id.clone().or(subject.workflow_id.take());
        subject.group_id = self.group_id.unwrap_or(subject.group_id);
        let review = &mut subject.review;
        review.human_interaction = self.human_interaction.unwrap_or(review.human_interaction);
        review.allow_regenerate = self.allow_regenerate.unwrap_or(review.allow_regenerate);
        if let Some(to) = self.automation_status {
            review.set_status(to, act.actor.clone(), act.now);
        }
    }
}

/// Makes the address of a changed lead its own, where address or client group are new. Another lead's is refused.
async fn claim_address(act: &Act, before: &Lead, after: &mut Lead) -> Result<()> {
    let (group, email) = (after.subject.group_id, after.folded_email());
    if group == before.subject.group_id && email == before.folded_email() {
        return Ok(());
    }
    if let Some(holder) = act.repos().leads().holder(group, &email).await? {
        let message = "Another lead of this client group has this e-mail address.";
        return Err(Error::new(ErrorKind::Conflict, "email_taken", message).with("id", holder.lead_id.get()));
    }
    after.owns_email = true;
    Ok(())
}

/// What is remembered of a deleted lead.
fn remembered(act: &Act, lead: &Lead, operation: Option<Id>) -> DeletedLead {
    DeletedLead {
        id: lead.id(),
        group_id: lead.subject.group_id,
        deleted_at: act.now,
        deleted_by: act.actor.clone(),
        operation,
        ttl: keep::until(act.now, act.app.settings.keep.deleted_leads),
    }
}

/// Deletes a lead: it is in no list any more, and its e-mail address is free. What n8n has not heard of its decision is told all
/// the same.
pub async fn delete(act: &Act, id: LeadId, waiting: Waiting) -> Result<Deleted> {
    let (leads, mut again) = (act.repos().leads(), Again::new(&act.app, "the lead"));
    loop {
        let lead = leads.get(id).await?.or_not_found("record")?;
        let leaving = waiting.leaving(act, &lead);
        let leads = act.listed::<Lead>().await?;
        let mut writes = leads.retire(&lead, &leaving.left, &remembered(act, &lead, None))?;
        writes.push(happened::deleted(act, &lead, &leaving.left)?);
        let deleted = leaving.deleted(id);
        match act.commit(writes, &deleted).await {
            Ok(()) => {
                leaving.tell::<Lead>(act).await;
                return Ok(deleted);
            }
            Err(refused) => again.after(refused).await?,
        }
    }
}
