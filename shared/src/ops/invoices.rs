//! Invoices: keeping what workflows bill, and moving it along.
//!
//! Its one rule: within a client group a number means one invoice, unless the caller wants two.

use url::Url;

use super::{
    Warning,
    act::{Act, Refused},
    again::Again,
    deletion::{Deleted, Waiting},
    happened,
    lists::Found,
    origin::{self, Origin, Placed, group_asked},
};
use crate::{
    domain::{
        duplicate::{Arrival, OnDuplicate},
        invoice::{Change, Details, Invoice, InvoiceStatus},
        review::AutomationStatus,
        subject::{HandedOver, Handover, Subject},
    },
    error::{OrNotFound, Result},
    ids::{Id, InvoiceId},
    repo::invoices::{Filter, Invoices, NUMBER},
};

/// An invoice to keep.
#[derive(Debug, Clone)]
pub struct NewInvoice {
    pub number: String,
    pub change: Change,
    pub origin: Origin,
}

/// The invoice of a number.
#[derive(Debug)]
pub struct Posted {
    pub arrival: Arrival,
    pub invoice: Invoice,
    pub warnings: Vec<Warning>,
}

/// What to change of an invoice; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    pub change: Change,
    pub human_interaction: Option<bool>,
    pub allow_regenerate: Option<bool>,
    /// Without a decision: n8n is not told.
    pub automation_status: Option<AutomationStatus>,
}

/// Lists invoices, newest first: so many that lie behind `before`.
pub async fn list(act: &Act, filter: &Filter, limit: usize, before: Option<Id>) -> Result<Found<Invoice>> {
    let filter = &Filter { group_id: group_asked(act, filter.group_id).await?, ..filter.clone() };
    Ok(Found::newest(act.repos().invoices().list(filter, limit, before).await?, before))
}

/// Keeps an invoice, or finds the one of its number in the client group. Posting again from an execution whose invoice a reviewer
/// sent back with *regenerate* renews that one.
pub async fn create(act: &Act, new: NewInvoice, on_duplicate: OnDuplicate) -> Result<Posted> {
    let Placed { subject, resume_url, warnings, .. } = new.origin.place(act).await?;
    let mut invoice = Invoice {
        subject,
        number: new.number,
        holds_number: true,
        status: InvoiceStatus::default(),
        details: Details::blank(),
        paid_at: None,
        status_history: Vec::new(),
    };
    invoice.apply(new.change.clone(), act.actor.clone(), act.now);
    let post = Post { act, invoice, change: new.change, resume_url, warnings, on_duplicate };
    let mut again = Again::new(&act.app, "the invoice");
    loop {
        match post.store().await {
            Ok(posted) => return Ok(posted),
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// What was posted, looked up and ready to be stored.
struct Post<'a> {
    act: &'a Act,
    invoice: Invoice,
    change: Change,
    resume_url: Option<Url>,
    warnings: Vec<Warning>,
    on_duplicate: OnDuplicate,
}

impl Post<'_> {
    async fn store(&self) -> Result<Posted, Refused> {
        let mut invoice = self.invoice.clone();
        let sent_back = origin::renew(self.act, &mut invoice).await?;
        origin::seal(self.act, self.resume_url.clone(), &mut invoice).await?;
        match sent_back {
            Some(before) => self.renew(&before, invoice.subject).await,
            None => self.create(invoice).await,
        }
    }

    /// A reviewer had sent the invoice back: it keeps its id and its past, and gets what is posted now.
    async fn renew(&self, before: &Invoice, subject: Subject) -> Result<Posted, Refused> {
        let mut invoice = Invoice { subject, ..before.clone() };
        self.write_into(&mut invoice);
        let writes = origin::writes(self.act, Some(before), &invoice).await?;
        self.commit(writes, Arrival::Renewed, invoice).await
    }

    async fn create(&self, mut invoice: Invoice) -> Result<Posted, Refused> {
        let invoices = self.act.repos().invoices();
        let writes = origin::writes(self.act, None, &invoice).await?;
        let holder = match self.commit(writes, Arrival::Created, invoice.clone()).await {
            Err(Refused::Write(NUMBER, Some(guard))) => Invoices::holder(&guard)?,
            committed => return committed,
        };
        if self.on_duplicate == OnDuplicate::Create {
            invoice.holds_number = false;
            let writes = origin::writes(self.act, None, &invoice).await?;
            return self.commit(writes, Arrival::Created, invoice).await;
        }
        // Deleted since the guard was met: the number is free again.
        let Some(standing) = invoices.get(holder).await? else { return Err(Refused::Write(NUMBER, None)) };
        match self.on_duplicate {
            OnDuplicate::Update => self.update(&standing, &invoice.subject).await,
            _ => self.commit(Vec::new(), Arrival::Known, standing).await,
        }
    }

    /// The invoice that stands, with what was posted. Until somebody has decided on it, the execution that posted last is the
    /// one that waits for the decision.
    async fn update(&self, standing: &Invoice, posted: &Subject) -> Result<Posted, Refused> {
        let (act, mut invoice) = (self.act, standing.clone());
        self.write_into(&mut invoice);
        let handed = invoice.subject.hand_over(posted, Handover::Newest, act.actor.clone(), act.now);
        if handed == HandedOver::Posting {
            origin::seal(act, self.resume_url.clone(), &mut invoice).await?;
        }
        invoice.subject.touch(act.now);
        let mut writes = act.repos().invoices().replace(standing, &invoice)?;
        writes.extend(happened::updated(act, standing, &invoice)?);
        self.commit(writes, Arrival::Updated, invoice).await
    }

    fn write_into(&self, invoice: &mut Invoice) {
        invoice.apply(self.change.clone(), self.act.actor.clone(), self.act.now);
    }

    async fn commit(
        &self,
        writes: Vec<crate::store::Write>,
        arrival: Arrival,
        invoice: Invoice,
    ) -> Result<Posted, Refused> {
        let posted = Posted { arrival, invoice, warnings: self.warnings.clone() };
        self.act.commit_once(writes, &posted.invoice, &posted).await?;
        Ok(posted)
    }
}

/// Changes an invoice as it stands; its number stays. Fails with a conflict where somebody else does at the same moment.
pub async fn update(act: &Act, id: InvoiceId, patch: Patch) -> Result<Invoice> {
    let before = act.repos().invoices().get(id).await?.or_not_found("record")?;
    let mut invoice = before.clone();
    invoice.apply(patch.change, act.actor.clone(), act.now);
    let review = &mut invoice.subject.review;
    review.human_interaction = patch.human_interaction.unwrap_or(review.human_interaction);
    review.allow_regenerate = patch.allow_regenerate.unwrap_or(review.allow_regenerate);
    if let Some(to) = patch.automation_status {
        review.set_status(to, act.actor.clone(), act.now);
    }
    store(act, &before, invoice).await
}

/// Moves an invoice to a status, any from any. Nothing is written where it stands there already.
pub async fn set_status(act: &Act, id: InvoiceId, to: InvoiceStatus) -> Result<Invoice> {
    let before = act.repos().invoices().get(id).await?.or_not_found("record")?;
    let mut invoice = before.clone();
    match invoice.set_status(to, act.actor.clone(), act.now) {
        true => store(act, &before, invoice).await,
        false => Ok(before),
    }
}

async fn store(act: &Act, before: &Invoice, mut invoice: Invoice) -> Result<Invoice> {
    invoice.subject.touch(act.now);
    let mut writes = act.repos().invoices().replace(before, &invoice)?;
    writes.extend(happened::updated(act, before, &invoice)?);
    act.commit_once(writes, &invoice, &invoice).await?;
    Ok(invoice)
}

/// Deletes an invoice; its number is free again. What n8n has not heard of its decision is told all the same.
pub async fn delete(act: &Act, id: InvoiceId, waiting: Waiting) -> Result<Deleted> {
    let invoices = act.repos().invoices();
    let invoice = invoices.get(id).await?.or_not_found("record")?;
    let leaving = waiting.leaving(act, &invoice);
    let deleted = leaving.deleted(id);
    let mut writes = invoices.part(&invoice, &leaving.left)?;
    writes.push(happened::deleted(act, &invoice, &leaving.left)?);
    act.commit(writes, &deleted).await?;
    leaving.tell::<Invoice>(act).await;
    Ok(deleted)
}
