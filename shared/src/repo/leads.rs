//! Leads.
//!
//! "The newest with this status, source, group, or any of these together" → one facet per combination. "Whose name,
//! address or company begins so?" → phrases per client group. "Who has this address?" → one partition per address. "What
//! waits for a person?" → index `gsi1`, one partition per automation status, only of leads that have to do with a review.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use super::{
    entity::{Entity, Many, Place},
    entries::OF_GROUP,
    indexed::{self, Indexed},
    listing::Row,
    subjects::{Departed, Listed, Stored, Subjects},
    table::Table,
};
use crate::{
    domain::{
        grouping::Grouped,
        lead::{DeletedLead, Lead},
        reach::Reach,
        review::AutomationStatus,
        subject::ExecutionFilter,
        subject::Subject,
        words,
    },
    ids::{GroupId, Id, LeadId, StatusId},
    store::{Cond, Key, Label, Query, StoreError, Write, encode, limits::BATCH_KEYS, segment},
    tenant::TenantId,
};

/// The leads of one tenant.
pub type Leads<'a> = Subjects<'a, Lead>;

/// Words of one text that are indexed: 36 phrases a lead at the most.
const WORDS: usize = 12;

/// Facets that are read side by side for the client groups of one who is bound to several. With more of them, what is in reach is
/// picked out of all.
const MOST_FACETS: usize = 20;

/// What a list asks for. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub group_id: Option<GroupId>,
    /// Any of these (`LeadSetup::named_as`).
    pub status_ids: Option<Vec<StatusId>>,
    /// Folded.
    pub source: Option<String>,
    /// Folded.
    pub email: Option<String>,
    pub automation_status: Option<AutomationStatus>,
    pub human_interaction: Option<bool>,
    pub execution_state: Option<ExecutionFilter>,
}

/// A lead that stands under an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    pub lead_id: LeadId,
    /// Whether the address is its own. None of the group has it else, and this lead was made beside one that had.
    pub owns: bool,
}

impl Filter {
    pub fn matches(&self, lead: &Lead) -> bool {
        let review = &lead.subject.review;
        self.group_id.is_none_or(|wanted| wanted == lead.subject.group_id)
            && self.status_ids.as_ref().is_none_or(|any| any.contains(&lead.status_id))
            && (self.source.is_none() || self.source == lead.folded_source())
            && self.email.as_ref().is_none_or(|wanted| *wanted == lead.folded_email())
            && self.automation_status.is_none_or(|wanted| wanted == review.automation_status)
            && self.human_interaction.is_none_or(|wanted| wanted == review.human_interaction)
            && self.execution_state.is_none_or(|wanted| wanted.matches(&lead.subject))
    }

    /// The facets that together list what is asked for, as far as it is in reach; none when everything is. Where there are no lists by
    /// client group, what is not asked for is picked out of them.
    fn facets(&self, grouped: Grouped, reach: &Reach) -> Vec<String> {
        let statuses: Vec<_> = match &self.status_ids {
            Some(any) => any.iter().copied().map(Some).collect(),
            None => vec![None],
        };
        let few = |groups: &&[GroupId]| groups.len() * statuses.len() <= MOST_FACETS;
        let groups: Vec<_> = match (self.group_id, reach.every().filter(few)) {
            _ if grouped != Grouped::Read => vec![None],
            (None, Some(groups)) => groups.iter().copied().map(Some).collect(),
            (named, _) => vec![named],
        };
        let each = groups.iter().flat_map(|group| statuses.iter().map(move |status| (*group, *status)));
        each.filter_map(|(group, status)| Facet { group, status, source: self.source.as_deref() }.name())
            .collect()
    }

    /// The review queues that together hold what is asked for; none when the answer need not be among them.
    fn queues(&self) -> &'static [AutomationStatus] {
        use AutomationStatus::{Approved, Denied, Pending, Regenerate};
        match (self.automation_status, self.human_interaction) {
            (Some(Pending), Some(true)) => &[Pending],
            (Some(Approved), _) => &[Approved],
            (Some(Denied), _) => &[Denied],
            (Some(Regenerate), _) => &[Regenerate],
            (None, Some(true)) => &[Pending, Approved, Denied, Regenerate],
            (Some(Pending) | None, _) => &[],
        }
    }
}

/// A combination of properties to list by.
struct Facet<'a> {
    group: Option<GroupId>,
    status: Option<StatusId>,
    source: Option<&'a str>,
}

impl Facet<'_> {
    /// None for the combination of nothing: the leads themselves are that list.
    fn name(&self) -> Option<String> {
        let parts = [
            self.group.map(in_group),
            self.status.map(|id| format!("status#{id}")),
            self.source.map(|source| format!("source#{}", segment(source))),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("#"))
    }
}

/// Facet of what lies in a client group.
pub fn in_group(id: GroupId) -> String {
    format!("{OF_GROUP}{id}")
}

impl Indexed for Lead {
    const SPACE: &'static str = "leads";

    fn facets(&self) -> BTreeSet<String> {
        let source = self.folded_source();
        let mut names = BTreeSet::new();
        for group in [None, Some(self.subject.group_id)] {
            for status in [None, Some(self.status_id)] {
                for source in [None, source.as_deref()] {
                    names.extend(Facet { group, status, source }.name());
                }
            }
        }
        names
    }

    fn phrases(&self) -> BTreeSet<String> {
        let texts = self.searched();
        words::longest(texts.iter().flat_map(|text| words::first_phrases(text, WORDS)).collect())
    }

    fn is_found(&self, search: &str) -> bool {
        self.searched().iter().any(|text| words::finds(search, text))
    }
}

impl Stored for Lead {
    type Departed = Departed<Self>;
    const BY_GROUP: bool = true;
    const HEAVY: &'static [&'static str] = &["custom", "pain_points"];

    fn gsi1(&self) -> Option<String> {
        let review = &self.subject.review;
        let reviewed = review.human_interaction || review.automation_status != AutomationStatus::Pending;
        reviewed.then(|| queue(review.automation_status))
    }

    fn around(
        tenant: TenantId,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = indexed::changes(tenant, before, after);
        let old = before.map(|lead| address_key(tenant, lead));
        let new = after.map(|lead| (address_key(tenant, lead), lead));
        if old.as_ref() != new.as_ref().map(|(key, _)| key) {
            writes.extend(old.map(Write::delete));
            if let Some((key, lead)) = new {
                let put = Write::put(key, encode(&Entry { lead_id: lead.id() })?);
                writes.push(if lead.owns_email { put.when(Cond::Absent) } else { put });
            }
        }
        Ok(writes)
    }
}

impl Entity for DeletedLead {
    type Id = LeadId;
    const KIND: Label = "lead-deleted";

    fn place(id: &LeadId) -> Place {
        Place::among(Self::KIND, *id)
    }

    fn id(&self) -> LeadId {
        self.id
    }

    fn group(&self) -> Option<GroupId> {
        Some(self.group_id)
    }
}

impl Many for DeletedLead {}

impl Leads<'_> {
    /// The newest matches below `before`, up to `limit`.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Lead>, StoreError> {
        let wanted = |lead: &Lead| filter.matches(lead);
        if let Some(email) = &filter.email {
            return self.of_address(email, filter, limit, before).await;
        }
        match (filter.queues(), filter.facets(self.grouped, self.reach)) {
            ([], facets) if facets.is_empty() => self.scan(self.newest(before), limit, wanted).await,
            ([], facets) => self.under(&facets, before, limit, wanted).await,
            (queues, _) => {
                let each = queues.iter().map(|status| {
                    self.scan(self.newest_in(&queue(*status), before), limit, |lead| filter.matches(lead))
                });
                Ok(merge(try_join_all(each).await?, limit))
            }
        }
    }

    /// The lead of a client group that an address stands for; where its owner was deleted, one that was made beside it.
    pub async fn holder(&self, group: GroupId, folded: &str) -> Result<Option<Holder>, StoreError> {
        // The owner's entry is the beginning of all others.
        let query = Query::table(addresses(self.tenant, folded)).prefix(group.sortable()).limit(1);
        let page = self.store.query(&query).await?;
        let Some(item) = page.items.first() else { return Ok(None) };
        let Entry { lead_id } = item.decode()?;
        Ok(Some(Holder { lead_id, owns: item.key.sk() == group.sortable() }))
    }

    /// The writes that take a lead out of every list, free its address, and remember that it was deleted.
    pub fn retire(
        &self,
        lead: &Lead,
        left: &Subject,
        deleted: &DeletedLead,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = self.part(lead, left)?;
        writes.push(self.gone().overwrite(deleted)?);
        Ok(writes)
    }

    /// Several of the deleted ones.
    pub async fn several_deleted(&self, ids: &[LeadId]) -> Result<Listed<DeletedLead>, StoreError> {
        self.gone().several(ids).await
    }

    /// All entries of the address are read: there are as many as leads that were created under it on purpose.
    async fn of_address(
        &self,
        email: &str,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Lead>, StoreError> {
        let mut query = Query::table(addresses(self.tenant, email)).limit(1000);
        let mut ids = BTreeSet::new();
        loop {
            let page = self.store.query(&query).await?;
            for item in &page.items {
                ids.insert(item.decode::<Entry>()?.lead_id);
            }
            if page.next.is_none() {
                break;
            }
            query.after = page.next;
        }
        let mut rest: Vec<LeadId> =
            ids.into_iter().rev().filter(|id| before.is_none_or(|before| id.untyped() < before)).collect();
        let mut listed = Listed::default();
        while !rest.is_empty() && listed.len() < limit {
            let lacking = (limit - listed.len()).clamp(1, BATCH_KEYS).min(rest.len());
            let ids: Vec<LeadId> = rest.drain(..lacking).collect();
            let read = self.several(&ids).await?;
            let mut rows: Vec<Row<Lead>> =
                read.found.into_iter().filter(|lead| filter.matches(lead)).map(Ok).collect();
            rows.extend(read.unreadable.into_iter().map(Err));
            rows.sort_by_key(|row| std::cmp::Reverse(id(row)));
            rows.into_iter().for_each(|row| listed.push(row));
            listed.next = ids.last().map(|id| id.untyped()).filter(|_| !rest.is_empty());
        }
        Ok(listed)
    }

    fn gone(&self) -> Table<'_, DeletedLead> {
        Table::new(self.store, self.tenant).within(self.reach)
    }
}

/// Several lists as one.
fn merge(parts: Vec<Listed<Lead>>, limit: usize) -> Listed<Lead> {
    // What lies below the end of one list may have newer neighbours in it that were not read.
    let floor = parts.iter().filter_map(|part| part.next).max();
    let mut rows = Vec::new();
    for part in parts {
        rows.extend(part.found.into_iter().map(Ok));
        rows.extend(part.unreadable.into_iter().map(Err));
    }
    rows.retain(|row| floor.is_none_or(|floor| id(row) >= floor));
    rows.sort_by_key(|row| std::cmp::Reverse(id(row)));
    let cut = rows.len() > limit;
    rows.truncate(limit);
    let next = if cut { rows.last().map(id) } else { floor };
    let mut listed = Listed { next, ..Listed::default() };
    rows.into_iter().for_each(|row| listed.push(row));
    listed
}

fn id(row: &Row<Lead>) -> Id {
    row.as_ref().map_or_else(|unreadable| unreadable.id, |lead| lead.subject.id)
}

fn queue(status: AutomationStatus) -> String {
    format!("leads-review#{}", status.as_str())
}

/// The partition of everything that stands under an address.
fn addresses(tenant: TenantId, folded: &str) -> String {
    Key::partition(tenant, &address_partition(folded))
}

fn address_partition(folded: &str) -> String {
    format!("leads-email#{}", segment(folded))
}

/// The one entry of an owner in its group, or the entry of a lead that stands beside it.
fn address_key(tenant: TenantId, lead: &Lead) -> Key {
    let (id, group) = (lead.subject.id.sortable(), lead.subject.group_id.sortable());
    let sort = if lead.owns_email { group } else { format!("{group}#{id}") };
    Key::of(tenant, &address_partition(&lead.folded_email()), sort)
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Entry {
    lead_id: LeadId,
}
