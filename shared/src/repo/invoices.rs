//! Invoices.
//!
//! "Which one is it?" → by id. "The newest" → the tenant's partition backwards. "The newest with this status" → index
//! `gsi1`, one partition per status. "Has the group an invoice of this number?" → one guard item per number.

use serde::{Deserialize, Serialize};

use crate::{
    domain::invoice::{Invoice, InvoiceStatus},
    ids::Id,
    repo::listing::{self, Listed},
    store::{
        Cond, Index, Item, Key, Position, Query, SortValue, Store, StoreError, Write, attr, encode, segment,
    },
    tenant::TenantId,
};

/// Position of the number's guard in [`Invoices::insert`]'s writes.
pub const GUARD: usize = 0;

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<InvoiceStatus>,
    pub group_id: Option<Id>,
    /// Folded text, looked for in number, title and client.
    pub search: Option<String>,
}

impl Filter {
    fn matches(&self, invoice: &Invoice) -> bool {
        self.status.is_none_or(|wanted| wanted == invoice.status)
            && self.group_id.is_none_or(|wanted| wanted == invoice.group_id)
            && self.search.as_ref().is_none_or(|text| invoice.matches(text))
    }
}

/// The invoices of one tenant.
#[derive(Clone, Copy)]
pub struct Invoices<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

impl Invoices<'_> {
    pub fn key(&self, id: Id) -> Key {
        Key::of(self.tenant, "invoice", id.sortable())
    }

    pub async fn get(&self, id: Id) -> Result<Option<Invoice>, StoreError> {
        self.store.get(&self.key(id)).await?.map(|item| item.decode()).transpose()
    }

    /// Creates the invoice and takes its number; the write at [`GUARD`] refuses when another invoice holds that.
    pub fn insert(&self, invoice: &Invoice) -> Result<Vec<Write>, StoreError> {
        let guard = Write::put(self.guard_key(invoice), encode(&Guard { invoice_id: invoice.id })?);
        Ok(vec![guard.when(Cond::Absent), self.insert_another(invoice)?])
    }

    /// The invoice that holds a number, as the guard that refused tells.
    pub fn holder(guard: &Item) -> Result<Id, StoreError> {
        Ok(guard.decode::<Guard>()?.invoice_id)
    }

    /// Creates the invoice beside another one that holds its number.
    pub fn insert_another(&self, invoice: &Invoice) -> Result<Write, StoreError> {
        Ok(self.put(invoice)?.when(Cond::Absent))
    }

    /// Replaces the invoice: `invoice.v` is one more than the stored version.
    pub fn replace(&self, invoice: &Invoice) -> Result<Write, StoreError> {
        Ok(self.put(invoice)?.when(Cond::version(invoice.v - 1)))
    }

    /// Deletes the invoice, and frees its number if it is the one that holds it.
    pub fn delete(&self, invoice: &Invoice) -> Vec<Write> {
        let mut writes = vec![Write::delete(self.key(invoice.id)).when(Cond::version(invoice.v))];
        if invoice.holds_number {
            writes.push(Write::delete(self.guard_key(invoice)));
        }
        writes
    }

    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Invoice>, StoreError> {
        let query = match filter.status {
            Some(status) => Query::on(Index::Gsi1, self.status_partition(status)).after(
                before.map(|id| Position { key: self.key(id), sort: Some(SortValue::S(id.sortable())) }),
            ),
            None => Query::table(Key::partition(self.tenant, "invoice"))
                .after(before.map(|id| Position { key: self.key(id), sort: None })),
        };
        listing::collect(
            self.store,
            query.newest_first(),
            limit,
            |row: &Invoice| row.id,
            |row| filter.matches(row),
        )
        .await
    }

    fn put(&self, invoice: &Invoice) -> Result<Write, StoreError> {
        let mut attrs = encode(invoice)?;
        attrs.insert(attr::GSI1_PK.into(), self.status_partition(invoice.status).into());
        attrs.insert(attr::GSI1_SK.into(), invoice.id.sortable().into());
        Ok(Write::put(self.key(invoice.id), attrs))
    }

    fn guard_key(&self, invoice: &Invoice) -> Key {
        let partition = format!("invoice-number#{}", invoice.group_id);
        Key::of(self.tenant, &partition, segment(&invoice.number))
    }

    fn status_partition(&self, status: InvoiceStatus) -> String {
        Key::partition(self.tenant, &format!("invoices#{}", status.as_str()))
    }
}

#[derive(Serialize, Deserialize)]
struct Guard {
    invoice_id: Id,
}
