//! The log of events and the audit log, as they are read.

use super::act::Act;
use crate::{
    clock::Millis,
    domain::{
        event::{Category, Event, EventType},
        reach::Reach,
    },
    error::Result,
    ids::{Id, UserId},
    repo::{
        events::{AUDIT_KEPT, Filter, LOG_KEPT},
        listing::Listed,
    },
};

/// Between which moments something happened, both included.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    pub from: Option<Millis>,
    pub to: Option<Millis>,
}

/// Which entries of the audit log are wanted. Everything given must match.
#[derive(Debug, Clone, Default)]
pub struct Audited {
    pub category: Option<Category>,
    pub kind: Option<EventType>,
    /// Who did it.
    pub by: Option<UserId>,
    pub span: Span,
}

/// The newest events below `before`, of these types or of all: of the last thirty days, and of the client groups that the actor
/// sees. At least `limit` of them where there are so many.
pub async fn log(
    act: &Act,
    kinds: Option<Vec<EventType>>,
    span: Span,
    limit: usize,
    before: Option<Id>,
) -> Result<Listed<Event>> {
    let logged = EventType::logged();
    let kinds = match kinds {
        Some(kinds) => logged.filter(|kind| kinds.contains(kind)).collect(),
        None => logged.collect(),
    };
    let kept = act.now.minus(LOG_KEPT);
    let from = span.from.map_or(kept, |from| from.max(kept));
    let filter = Filter { kinds, by: None, from, to: span.to, reach: act.reach.clone() };
    Ok(act.repos().events().list(&filter, limit, before).await?)
}

/// The newest entries of the audit log below `before`, of the last 400 days. At least `limit` of them where there are so many.
pub async fn audit(act: &Act, wanted: &Audited, limit: usize, before: Option<Id>) -> Result<Listed<Event>> {
    let of_category = |category| wanted.category.is_none_or(|wanted| wanted == category);
    let of_kind = |kind| wanted.kind.is_none_or(|wanted| wanted == kind);
    let kinds = EventType::audited().filter(|(kind, category)| of_kind(*kind) && of_category(*category));
    let kept = act.now.minus(AUDIT_KEPT);
    let Span { from, to } = wanted.span;
    let filter = Filter {
        kinds: kinds.map(|(kind, _)| kind).collect(),
        by: wanted.by,
        from: from.map_or(kept, |from| from.max(kept)),
        to,
        // It is for those alone who see everything.
        reach: Reach::All,
    };
    Ok(act.repos().events().list(&filter, limit, before).await?)
}
