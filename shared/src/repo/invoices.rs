//! Invoices.
//!
//! "The newest" → the tenant's partition backwards. "The newest with this status" → index `gsi1`, one partition per
//! status. "Has the group an invoice of this number?" → one guard item per number.

use serde::{Deserialize, Serialize};

use super::subjects::{Departed, Listed, Stored, Subjects};
use crate::{
    domain::{
        invoice::{Invoice, InvoiceStatus},
        subject::ExecutionFilter,
    },
    ids::{GroupId, Id, InvoiceId},
    store::{Cond, Item, Key, Label, StoreError, Write, encode, segment},
    tenant::TenantId,
};

/// The invoices of one tenant.
pub type Invoices<'a> = Subjects<'a, Invoice>;

/// Label of the write that takes a number when an invoice is created that is to hold it.
pub const NUMBER: Label = "invoice-number";

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<InvoiceStatus>,
    pub group_id: Option<GroupId>,
    /// Folded text, looked for in number, title and client.
    pub search: Option<String>,
    pub execution_state: Option<ExecutionFilter>,
}

impl Filter {
    fn matches(&self, invoice: &Invoice) -> bool {
        self.status.is_none_or(|wanted| wanted == invoice.status)
            && self.group_id.is_none_or(|wanted| wanted == invoice.subject.group_id)
            && self.search.as_ref().is_none_or(|text| invoice.matches(text))
            && self.execution_state.is_none_or(|wanted| wanted.matches(&invoice.subject))
    }
}

impl Stored for Invoice {
    type Departed = Departed<Self>;
    const HEAVY: &'static [&'static str] = &["details"];

    fn gsi1(&self) -> Option<String> {
        Some(status_partition(self.status))
    }

    /// An invoice that holds its number takes the guard when it is created and frees it when it is deleted; in another client group
    /// it takes the guard there.
    fn around(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        Ok(match (before, after) {
            (None, Some(new)) if new.holds_number => {
                let guard = encode(&Guard { invoice_id: new.id() })?;
                vec![Write::put(guard_key(tenant, new), guard).when(Cond::Absent).labelled(NUMBER)]
            }
            (Some(old), None) if old.holds_number => vec![Write::delete(guard_key(tenant, old))],
            (Some(old), Some(new)) if old.subject.group_id != new.subject.group_id => {
                let mut writes = Self::around(tenant, Some(old), None)?;
                writes.extend(Self::around(tenant, None, Some(new))?);
                writes
            }
            _ => Vec::new(),
        })
    }
}

impl Invoices<'_> {
    /// The invoice that holds a number, as the guard that refused tells.
    pub fn holder(guard: &Item) -> Result<InvoiceId, StoreError> {
        Ok(guard.decode::<Guard>()?.invoice_id)
    }

    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Invoice>, StoreError> {
        let query = match filter.status {
            Some(status) => self.newest_in(&status_partition(status), before),
            None => self.newest(before),
        };
        self.scan(query, limit, |invoice| filter.matches(invoice)).await
    }
}

fn guard_key(tenant: TenantId, invoice: &Invoice) -> Key {
    let partition = format!("invoice-number#{}", invoice.subject.group_id);
    Key::of(tenant, &partition, segment(&invoice.number))
}

fn status_partition(status: InvoiceStatus) -> String {
    format!("invoices#{}", status.as_str())
}

#[derive(Serialize, Deserialize)]
struct Guard {
    invoice_id: InvoiceId,
}
