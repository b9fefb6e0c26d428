//! Invoices that workflows keep track of. Amounts are whole cents of the invoice's currency.

use crate::ids::{EntityId, InvoiceId};
use serde::{Deserialize, Serialize};

use super::{
    names::names,
    review::{Actor, EntityType},
    subject::{Reviewable, Subject},
};
use crate::clock::Millis;

names! {
    /// Where an invoice stands. Any status may follow any other: payments bounce and disputes end.
    #[derive(Default)]
    pub enum InvoiceStatus {
        #[default]
        Draft = "draft",
        Sent = "sent",
        Viewed = "viewed",
        Paid = "paid",
        Overdue = "overdue",
        Disputed = "disputed",
        Cancelled = "cancelled",
    }
}

/// Largest amount: a hundred billion units of a currency that has cents.
pub const MAX_CENTS: u64 = 10_000_000_000_000;
/// The currency of an invoice that names none.
pub const DEFAULT_CURRENCY: &str = "USD";
/// Changes of status that an invoice remembers; the oldest go first.
const HISTORY: usize = 100;

/// One invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    #[serde(flatten)]
    pub subject: Subject,
    /// The caller's own number.
    pub number: String,
    /// Whether the number means this invoice: of the invoices of a group that share one, the first.
    pub holds_number: bool,
    pub status: InvoiceStatus,
    #[serde(default)]
    pub details: Details,
    /// When the status last became `paid`, while it is that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_history: Vec<StatusChange>,
}

/// What the invoice says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Details {
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_amount: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_amount: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_company: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdf_url: Option<String>,
    /// JSON text, as it was sent: the store's own documents make 1 of 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_items: Option<String>,
    /// JSON text, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// What a request says of an invoice; what it leaves out is none, and stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    pub status: Option<InvoiceStatus>,
    pub amount: Option<u64>,
    pub currency: Option<String>,
    pub tax_amount: Option<u64>,
    pub discount_amount: Option<u64>,
    pub title: Option<String>,
    pub due_date: Option<Millis>,
    pub issued_at: Option<Millis>,
    pub client_name: Option<String>,
    pub client_email: Option<String>,
    pub client_company: Option<String>,
    pub payment_url: Option<String>,
    pub payment_method: Option<String>,
    pub pdf_url: Option<String>,
    /// JSON text.
    pub line_items: Option<String>,
    /// JSON text.
    pub custom_data: Option<String>,
    pub notes: Option<String>,
}

/// One change of status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    pub at: Millis,
    pub by: Actor,
    pub from: InvoiceStatus,
    pub to: InvoiceStatus,
}

impl Details {
    /// What an invoice says of which nothing was said yet.
    pub fn blank() -> Self {
        Self { currency: DEFAULT_CURRENCY.into(), ..Self::default() }
    }

    fn take(&mut self, change: Change) {
        self.amount = change.amount.unwrap_or(self.amount);
        if let Some(currency) = change.currency {
            self.currency = currency;
        }
        for (field, new) in [
            (&mut self.title, change.title),
            (&mut self.client_name, change.client_name),
            (&mut self.client_email, change.client_email),
            (&mut self.client_company, change.client_company),
            (&mut self.payment_url, change.payment_url),
            (&mut self.payment_method, change.payment_method),
            (&mut self.pdf_url, change.pdf_url),
            (&mut self.line_items, change.line_items),
            (&mut self.custom_data, change.custom_data),
            (&mut self.notes, change.notes),
        ] {
            *field = new.or_else(|| field.take());
        }
        self.tax_amount = change.tax_amount.or(self.tax_amount);
        self.discount_amount = change.discount_amount.or(self.discount_amount);
        self.due_date = change.due_date.or(self.due_date);
        self.issued_at = change.issued_at.or(self.issued_at);
    }
}

impl Invoice {
    pub fn id(&self) -> InvoiceId {
        InvoiceId::of(self.subject.id)
    }

    /// Writes into the invoice what a request says of it.
    pub fn apply(&mut self, change: Change, by: Actor, now: Millis) {
        if let Some(to) = change.status {
            self.set_status(to, by, now);
        }
        self.details.take(change);
    }

    /// Moves the invoice and records who did it. Returns false when it stands there already.
    pub fn set_status(&mut self, to: InvoiceStatus, by: Actor, now: Millis) -> bool {
        if to == self.status {
            return false;
        }
        self.status_history.push(StatusChange { at: now, by, from: self.status, to });
        if self.status_history.len() > HISTORY {
            self.status_history.remove(0);
        }
        self.status = to;
        self.paid_at = (to == InvoiceStatus::Paid).then_some(now);
        true
    }

    /// Whether number, title or client holds the text, whatever its case.
    pub fn matches(&self, folded: &str) -> bool {
        let Details { title, client_name, client_email, client_company, .. } = &self.details;
        let texts = [title, client_name, client_email, client_company].into_iter().flatten();
        texts.chain([&self.number]).any(|text| text.to_lowercase().contains(folded))
    }
}

impl Reviewable for Invoice {
    type Id = InvoiceId;

    const TYPE: EntityType = EntityType::Invoice;

    fn subject(&self) -> &Subject {
        &self.subject
    }

    fn subject_mut(&mut self) -> &mut Subject {
        &mut self.subject
    }

    fn mark(&self) -> String {
        self.number.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::review::Review,
        ids::{EntityId, GroupId, Id},
    };

    fn draft() -> Invoice {
        let id = Id::from_u64(1).unwrap();
        Invoice {
            subject: Subject {
                id,
                group_id: GroupId::of(id),
                installation_id: None,
                workflow_id: None,
                execution_id: None,
                node: None,
                execution_state: None,
                sealed_resume_url: None,
                resume_suffix: None,
                sealed_resume_headers: None,
                review: Review::default(),
                created_at: Millis(0),
                posted_at: Millis(0),
                changed_at: Millis(0),
                apart: false,
                v: 1,
            },
            number: "INV-1".into(),
            holds_number: true,
            status: InvoiceStatus::Draft,
            details: Details::default(),
            paid_at: None,
            status_history: Vec::new(),
        }
    }

    fn jane() -> Actor {
        Actor { user_id: crate::ids::UserId::from_u64(7).unwrap(), username: "jane".into() }
    }

    #[test]
    fn an_invoice_is_paid_only_while_it_is() {
        let mut invoice = draft();
        assert!(invoice.set_status(InvoiceStatus::Paid, jane(), Millis(5)));
        assert_eq!(invoice.paid_at, Some(Millis(5)));
        assert!(!invoice.set_status(InvoiceStatus::Paid, jane(), Millis(6)));
        assert_eq!((invoice.paid_at, invoice.status_history.len()), (Some(Millis(5)), 1));
        assert!(invoice.set_status(InvoiceStatus::Disputed, jane(), Millis(7)));
        assert_eq!(invoice.paid_at, None);
    }

    #[test]
    fn the_oldest_changes_are_forgotten() {
        let mut invoice = draft();
        for at in 0..150 {
            let to = if at % 2 == 0 { InvoiceStatus::Sent } else { InvoiceStatus::Viewed };
            invoice.set_status(to, jane(), Millis(at));
        }
        assert_eq!((invoice.status_history.len(), invoice.status_history[0].at), (HISTORY, Millis(50)));
    }
}
