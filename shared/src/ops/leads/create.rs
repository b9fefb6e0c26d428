//! A lead is posted.

use url::Url;

use crate::{
    domain::{
        duplicate::{Arrival, OnDuplicate},
        lead::{Change, Lead},
        review::AutomationStatus,
        subject::{HandedOver, Handover, Subject},
    },
    error::{Error, ErrorKind, Result},
    ids::GroupId,
    ops::{
        Warning,
        act::{Act, Refused},
        again::Again,
        happened,
        origin::{self, Origin, Placed},
    },
    repo::leads::Holder,
    store::{Label, StoreError, Write},
};

/// A lead to create.
#[derive(Debug, Clone)]
pub struct NewLead {
    pub change: Change,
    pub origin: Origin,
    /// Who has the address, where that was looked up already ([`look_up`]).
    pub looked_up: Option<LookedUp>,
}

/// Who had an address a moment ago.
#[derive(Debug, Clone)]
pub struct LookedUp {
    group_id: GroupId,
    holder: Option<Holder>,
}

/// The lead of an address.
#[derive(Debug)]
pub struct Posted {
    pub arrival: Arrival,
    pub lead: Lead,
    pub warnings: Vec<Warning>,
}

/// Names what stood in the way when the lead of an address was gone before anything was written.
const HOLDER: Label = "holder";

/// Looks up who has an address, in the client group that was named or the caller's own: for who has something else to read
/// meanwhile, so that a create waits for the store twice and not three times.
pub async fn look_up(act: &Act, group_id: Option<GroupId>, email: &str) -> Result<LookedUp, StoreError> {
    let group_id = group_id.unwrap_or(act.group_id);
    Ok(LookedUp { group_id, holder: act.repos().leads().holder(group_id, email).await? })
}

/// Creates a lead, or finds the one of its e-mail address in the client group. Posting again from an execution whose lead a
/// reviewer sent back with *regenerate* renews that one. Fails with `in_review` where the lead that would be updated waits for
/// another execution's decision.
pub async fn create(act: &Act, new: NewLead, on_duplicate: OnDuplicate) -> Result<Posted> {
    let NewLead { change, origin, looked_up } = new;
    let automation_status = origin.automation_status;
    let Placed { subject, resume_url, warnings, .. } = origin.place(act).await?;
    let mut post =
        Post { act, change, on_duplicate, automation_status, subject, resume_url, warnings, looked_up };
    let mut again = Again::new(&act.app, "the lead");
    loop {
        match post.store().await {
            Ok(posted) => return Ok(posted),
            // Somebody was quicker, and perhaps with the same address: look again.
            Err(refused) => again.after(refused).await?,
        }
        post.subject.id = act.app.id();
    }
}

/// What was posted, looked up and ready to be stored.
struct Post<'a> {
    act: &'a Act,
    change: Change,
    on_duplicate: OnDuplicate,
    /// As it was sent.
    automation_status: Option<AutomationStatus>,
    subject: Subject,
    resume_url: Option<Url>,
    warnings: Vec<Warning>,
    /// Good for one attempt.
    looked_up: Option<LookedUp>,
}

impl Post<'_> {
    async fn store(&mut self) -> Result<Posted, Refused> {
        let looked_up = self.looked_up.take();
        let leads = self.act.repos().leads();
        let mut lead = Lead::new(self.subject.clone(), self.change.clone());
        if let Some(before) = origin::renew(self.act, &mut lead).await? {
            return self.renew(&before, lead.subject).await;
        }
        // The installation may have put it into another group.
        let holder = match looked_up.filter(|found| found.group_id == lead.subject.group_id) {
            Some(found) => found.holder,
            None => leads.holder(lead.subject.group_id, &lead.folded_email()).await?,
        };
        if let Some(holder) = holder
            && self.on_duplicate != OnDuplicate::Create
        {
            // Deleted between the two reads: look again.
            let known = leads.get(holder.lead_id).await?.ok_or(Refused::Write(HOLDER, None))?;
            return match self.on_duplicate {
                OnDuplicate::Update => self.update(&known).await,
                _ => self.commit(Vec::new(), Arrival::Known, known).await,
            };
        }
        lead.owns_email = !holder.is_some_and(|holder| holder.owns);
        self.seal(&mut lead).await?;
        let writes = origin::writes(self.act, None, &lead).await?;
        self.commit(writes, Arrival::Created, lead).await
    }

    /// The lead that a reviewer sent back goes on with what was posted now; what was not posted stays.
    async fn renew(&self, before: &Lead, subject: Subject) -> Result<Posted, Refused> {
        let mut lead = before.clone();
        lead.apply(self.change.clone());
        lead.subject = subject;
        self.seal(&mut lead).await?;
        let writes = origin::writes(self.act, Some(before), &lead).await?;
        self.commit(writes, Arrival::Renewed, lead).await
    }

    /// What was posted and is not blank is written into the lead that is there.
    async fn update(&self, before: &Lead) -> Result<Posted, Refused> {
        let (act, mut lead) = (self.act, before.clone());
        lead.apply(self.change.clone());
        match lead.subject.hand_over(&self.subject, Handover::First, act.actor.clone(), act.now) {
            HandedOver::Refused => return Err(in_review(before).into()),
            HandedOver::Posting => self.seal(&mut lead).await?,
            HandedOver::Standing => {}
        }
        if let Some(to) = self.automation_status.filter(|_| !self.subject.review.human_interaction) {
            lead.subject.review.set_status(to, act.actor.clone(), act.now);
        }
        if lead == *before {
            return self.commit(Vec::new(), Arrival::Updated, lead).await;
        }
        lead.subject.touch(act.now);
        let mut writes = act.listed::<Lead>().await?.replace(before, &lead)?;
        writes.extend(happened::updated(act, before, &lead)?);
        self.commit(writes, Arrival::Updated, lead).await
    }

    /// The URL belongs to the execution that posts now.
    async fn seal(&self, lead: &mut Lead) -> Result<()> {
        origin::seal(self.act, self.resume_url.clone(), lead).await
    }

    async fn commit(&self, writes: Vec<Write>, arrival: Arrival, lead: Lead) -> Result<Posted, Refused> {
        let posted = Posted { arrival, lead, warnings: self.warnings.clone() };
        self.act.commit_once(writes, &posted.lead, &posted).await?;
        Ok(posted)
    }
}

fn in_review(lead: &Lead) -> Error {
    let message = "This lead waits for a decision of another execution, or has one to hand back to it. \
                   Post again when that is settled.";
    Error::new(ErrorKind::WrongState, "in_review", message).with("id", lead.subject.id.get())
}
