//! The log of events, and the audit log, which is the part of it that is kept longer.
//!
//! "What happened of this type?" → a partition for each type, backwards. "What happened?" → those of all types, merged: an
//! entry costs no index, and a list of twenty costs the same among ten million. "What did this person do?" → index `gsi1`,
//! for the types of the audit log, a partition for each person and type.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use futures::future::try_join_all;

use super::listing::{Listed, MAX_BYTES, Unreadable};
use crate::{
    clock::Millis,
    domain::{
        event::{Event, EventType, Kept, TOGETHER},
        reach::Reach,
    },
    ids::{Id, UserId},
    store::{self, Index, Item, Key, Query, SortValue, Store, StoreError, Write, attr, encode},
    tenant::TenantId,
};

/// The log goes back so far.
pub const LOG_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// And the audit log.
pub const AUDIT_KEPT: Duration = Duration::from_secs(400 * 24 * 3_600);
/// Rows that one list looks at: it passes over those of other client groups.
const LOOKED_AT: usize = 2_000;

/// The events of one tenant.
#[derive(Clone, Copy)]
pub struct Events<'a> {
    pub store: &'a dyn Store,
    pub tenant: TenantId,
}

/// Which events a list asks for. Everything given must match.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Of these types, each once.
    pub kinds: Vec<EventType>,
    /// By this person, and all of `kinds` are of the audit log.
    pub by: Option<UserId>,
    /// No older than this.
    pub from: Millis,
    /// No newer than this.
    pub to: Option<Millis>,
    /// In these client groups; what concerns the whole organization is in none.
    pub reach: Reach,
}

impl Filter {
    fn wants(&self, event: &Event) -> bool {
        self.kinds.contains(&event.kind)
            && (self.reach.is_all() || event.group_id.is_some_and(|group| self.reach.covers(group)))
    }
}

/// The write of an event, for the transaction of what happened: two write units, as its size is bounded.
pub fn put(tenant: TenantId, event: &Event) -> Result<Write, StoreError> {
    let key = Key::of(tenant, &partition(event.kind, event.also), sort(event));
    let mut attrs = encode(event)?;
    let kept = match event.kind.entry().kept {
        Kept::Audit(_) => {
            if let Some(actor) = &event.actor {
                let by = Key::partition(tenant, &by(actor.user_id, event.kind));
                attrs.insert(attr::GSI1_PK.into(), by.into());
                attrs.insert(attr::GSI1_SK.into(), sort(event).into());
            }
            AUDIT_KEPT
        }
        Kept::Log | Kept::Itself | Kept::Later => LOG_KEPT,
    };
    attrs.insert(attr::TTL.into(), event.created_at.plus(kept).seconds().into());
    Ok(Write::put(key, attrs).labelled("event"))
}

/// Where events of a type lie; of two that happened in one moment, both.
fn partition(kind: EventType, also: Option<EventType>) -> String {
    match also {
        None => format!("event#{kind}"),
        Some(also) => format!("event#{kind}&{also}"),
    }
}

/// The partitions in which events of these types lie.
fn partitions(kinds: &[EventType]) -> Vec<String> {
    let alone = kinds.iter().map(|kind| partition(*kind, None));
    let wanted = |kind: &EventType| kinds.contains(kind);
    let together = TOGETHER.iter().filter(|(kind, also)| wanted(kind) || wanted(also));
    alone.chain(together.map(|(kind, also)| partition(*kind, Some(*also)))).collect()
}

fn by(user: UserId, kind: EventType) -> String {
    format!("audit#{user}#{kind}")
}

/// By age. Two instances may give the same id within a millisecond, but not to events of the same subject.
fn sort(event: &Event) -> String {
    format!("{}#{}", event.id.sortable(), event.subject.id.sortable())
}

/// The id in a sort key.
fn id_of(item: &Item) -> Option<Id> {
    item.key.sk().split('#').next()?.parse().ok()
}

impl Events<'_> {
    fn places(&self, filter: &Filter) -> Vec<Query> {
        let here = |partition: String| Key::partition(self.tenant, &partition);
        match filter.by {
            None => partitions(&filter.kinds).into_iter().map(|of| Query::table(here(of))).collect(),
            Some(user) => {
                filter.kinds.iter().map(|kind| Query::on(Index::Gsi1, here(by(user, *kind)))).collect()
            }
        }
    }

    /// The newest below `before`, at least `limit` where there are so many: those that share the last one's id belong to it.
    pub async fn list(
        &self,
        filter: &Filter,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Listed<Event>, StoreError> {
        // What a type has on this page nobody knows before; of many, few have most.
        let places = self.places(filter);
        let first = if places.len() == 1 { limit + 1 } else { (2 * limit / places.len().max(1)).max(4) };
        let sources = places.into_iter().map(|place| Source::open(self.store, filter, place, first, before));
        let mut sources = try_join_all(sources).await?;
        let mut heads: BinaryHeap<_> =
            sources.iter().enumerate().filter_map(|(at, source)| source.head(at)).collect();
        let (mut listed, mut bytes, mut looked_at, mut last) = (Listed::default(), 0, 0, None);
        while let Some((id, Reverse(at))) = heads.pop() {
            let full = listed.len() >= limit || bytes >= MAX_BYTES || looked_at >= LOOKED_AT;
            if full && last != Some(id) {
                listed.next = last;
                return Ok(listed);
            }
            let source = &mut sources[at];
            if let Some(item) = source.rows.pop() {
                looked_at += 1;
                bytes += item.bytes();
                let row = match item.decode::<Event>() {
                    // Of what happened in one moment, the last is the newest.
                    Ok(event) => event.each().filter(|event| filter.wants(event)).map(Ok).rev().collect(),
                    Err(error) => vec![Err(Unreadable { id, at: 0, why: error.to_string() })],
                };
                for event in row {
                    listed.push(event);
                }
                last = Some(id);
            }
            source.refill(self.store, limit + 1).await?;
            heads.extend(source.head(at));
        }
        Ok(listed)
    }
}

/// What is known of one partition: some rows that were not taken yet, and where more come from.
struct Source {
    /// The newest last.
    rows: Vec<Item>,
    query: Option<Query>,
}

impl Source {
    async fn open(
        store: &dyn Store,
        filter: &Filter,
        query: Query,
        limit: usize,
        before: Option<Id>,
    ) -> Result<Self, StoreError> {
        let low = Id::new(filter.from, 0).sortable();
        // `~` sorts behind every digit and `#`.
        let high = match (before, filter.to) {
            // What bears the id itself was on the page before.
            (Some(before), None) => before.sortable(),
            (Some(before), Some(to)) => before.sortable().min(above(to)),
            (None, Some(to)) => above(to),
            (None, None) => "~".into(),
        };
        let mut source = Self { rows: Vec::new(), query: None };
        if low > high {
            return Ok(source);
        }
        source.query = Some(query.newest_first().between(SortValue::S(low), SortValue::S(high)));
        source.refill(store, limit).await?;
        Ok(source)
    }

    async fn refill(&mut self, store: &dyn Store, limit: usize) -> Result<(), StoreError> {
        while let Some(mut query) = self.query.take_if(|_| self.rows.is_empty()) {
            query.limit = limit;
            let page = store::page(store, &query).await?;
            self.rows = page.items;
            self.rows.reverse();
            self.query = page.next.map(|next| query.after(Some(next)));
        }
        Ok(())
    }

    /// Its newest row, and which source has it. Where two are of the same moment, the earlier source goes first.
    fn head(&self, at: usize) -> Option<(Id, Reverse<usize>)> {
        Some((id_of(self.rows.last()?)?, Reverse(at)))
    }
}

/// Above everything that was made in this millisecond.
fn above(at: Millis) -> String {
    format!("{}~", Id::new(at, 0xfff).sortable())
}
