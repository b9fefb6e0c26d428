//! The log of events and the audit log, as they are read.

use super::{act::Act, groups};
use crate::{
    clock::Millis,
    domain::{
        event::{Category, Event, EventType, Happened, Kept, Subject},
        reach::Reach,
        usage::Usage,
    },
    error::Result,
    ids::{GroupId, Id, UserId},
    repo::{
        events::{AUDIT_KEPT, Filter, LOG_KEPT},
        listing::Listed,
        usage,
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

/// The newest events below `before`, of these types or of all, of this client group or of all that the actor sees: of the last thirty
/// days. At least `limit` of them where there are so many.
///
/// Of keys, roles and logins only who may `inspect` the audit log reads.
pub async fn log(
    act: &Act,
    (kinds, group_id): (Option<Vec<EventType>>, Option<GroupId>),
    inspects: bool,
    span: Span,
    limit: usize,
    before: Option<Id>,
) -> Result<Listed<Event>> {
    let is_open = |kind: &EventType| {
        inspects
            || !matches!(kind.entry().kept, Kept::Audit(Category::Keys | Category::Roles | Category::Logins))
    };
    let logged = EventType::logged().filter(is_open);
    let kinds = match kinds {
        Some(kinds) => logged.filter(|kind| kinds.contains(kind)).collect(),
        None => logged.collect(),
    };
    let kept = act.now.minus(LOG_KEPT);
    let from = span.from.map_or(kept, |from| from.max(kept));
    check_group(act, group_id)?;
    let reach = group_id.map_or_else(|| act.reach.clone(), |group| Reach::of(&[group]));
    let filter = Filter { kinds, by: None, from, to: span.to, reach };
    Ok(act.repos().events().list(&filter, limit, before).await?)
}

/// One that was deleted is fine: what is told of it stays for as long as anything does.
fn check_group(act: &Act, group_id: Option<GroupId>) -> Result<()> {
    if group_id.is_some_and(|group| !act.reach.covers(group)) { Err(groups::unknown()) } else { Ok(()) }
}

/// The newest records of a workflow's token usage below `before`, as the events that they are: a record is not told again.
pub async fn token_usage(
    act: &Act,
    (workflow_id, group_id): (&str, Option<GroupId>),
    span: Span,
    limit: usize,
    before: Option<Id>,
) -> Result<Listed<Event>> {
    check_group(act, group_id)?;
    let above = span.to.map(|to| Id::new(Millis(to.0 + 1), 0));
    let before = before.into_iter().chain(above).min();
    let records = act.repos().usage(workflow_id).list(&usage::Filter::default(), limit, before).await?;
    let is_over = |id: Id| span.from.is_some_and(|from| id.made_at() < from);
    let Listed { found, unreadable, mut next } = records;
    let mut found: Vec<_> = found.into_iter().map(recorded).collect();
    let all = found.len();
    found.retain(|event| !is_over(event.id));
    if found.len() < all {
        next = None;
    }
    found.retain(|event| group_id.is_none_or(|group| event.group_id == Some(group)));
    Ok(Listed { found, unreadable, next })
}

fn recorded(record: Usage) -> Event {
    let id = record.id.untyped();
    let happened = Happened::new(EventType::TokenUsageRecorded, Subject::of("token_usage", id));
    let happened = happened
        .with("workflow_id", record.workflow_id)
        .with("execution_id", record.execution_id)
        .with("model_id", record.model_id)
        .with("input_tokens", record.input_tokens)
        .with("output_tokens", record.output_tokens);
    let happened = match record.group_id {
        Some(group) => happened.in_group(group),
        None => happened,
    };
    happened.event(id, None)
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
