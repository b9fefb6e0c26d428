//! Moves what lies in a client group that is being deleted to another, kind after kind and a page a step, and then lets go of it.
//!
//! Its one rule: it goes through everything twice, the second time when nobody can be at work any more who believed that the group was
//! there. People go first: what their sessions and keys make from then on lies in the other group.

mod kinds;
mod people;

use std::time::Duration;

use self::kinds::Move;
use crate::{
    app::App,
    clock::Millis,
    domain::{
        chore::{Chore, SETTLED, Step},
        event::{EventType, Happened, Subject},
        org::Group,
    },
    error::Result,
    ids::{GroupId, Id},
    ops::groups,
    repo::{events, orgs},
    store,
    tenant::TenantId,
};

/// For so long may an instance believe a key or a session as it was before, and a request that it let in be under way.
const HELD: Duration = SETTLED.saturating_mul(2);

/// What is moved, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Users,
    Keys,
    Installations,
    Collections,
    Media,
    Leads,
    Payloads,
    Invoices,
    Chats,
    Notifications,
    Budgets,
    /// All that was there by then.
    Settled,
}

const ORDER: [(&str, Kind); 12] = [
    ("users", Kind::Users),
    ("keys", Kind::Keys),
    ("installations", Kind::Installations),
    ("collections", Kind::Collections),
    ("media", Kind::Media),
    ("leads", Kind::Leads),
    ("payloads", Kind::Payloads),
    ("invoices", Kind::Invoices),
    ("chats", Kind::Chats),
    ("notifications", Kind::Notifications),
    ("budgets", Kind::Budgets),
    ("settled", Kind::Settled),
];

/// How far it is, as the chore remembers it: `<time through>:<kind>[:<last one>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    again: bool,
    kind: usize,
    /// In a kind that is looked through: the last one that was looked at.
    below: Option<Id>,
}

impl At {
    const FIRST: Self = Self { again: false, kind: 0, below: None };

    /// Something else is the beginning: every step may be repeated.
    fn parse(text: Option<&str>) -> Self {
        let mut parts = text.unwrap_or_default().split(':');
        let again = parts.next() == Some("2");
        let kind = parts.next().and_then(|name| ORDER.iter().position(|(known, _)| *known == name));
        let below = parts.next().and_then(|id| id.parse().ok());
        kind.map_or(Self::FIRST, |kind| Self { again, kind, below })
    }

    fn written(self) -> String {
        let (time, name) = (if self.again { "2" } else { "1" }, ORDER[self.kind].0);
        match self.below {
            Some(id) => format!("{time}:{name}:{id}"),
            None => format!("{time}:{name}"),
        }
    }
}

pub async fn step(app: &App, tenant: TenantId, chore: &Chore, id: GroupId) -> Result<Step> {
    let Some(group) = orgs::group(&*app.store, tenant, id).await? else { return Ok(Step::Done) };
    let Some(leaving) = group.leaving else { return Ok(Step::Done) };
    if !leaving.shown {
        return unused(app, tenant, &group, leaving.since.plus(HELD)).await;
    }
    let at = At::parse(chore.cursor.as_deref());
    let kind = ORDER[at.kind].1;
    if kind == Kind::Settled {
        if at.again {
            app.store.write(orgs::delete_group(tenant, &group)).await?;
            return Ok(Step::Done);
        }
        let held = leaving.since.plus(HELD);
        let next = At { again: true, ..At::FIRST };
        return Ok(if app.now() < held { Step::Wait(held) } else { Step::More(Some(next.written())) });
    }
    // The heir may have been deleted after it, and then what goes to it goes where that went.
    let to = heir(app, tenant, leaving.to).await?;
    let moving = Move { app, tenant, from: id, to };
    let below = match kind {
        Kind::Users => people::users(&moving).await?,
        Kind::Keys => people::keys(&moving).await?,
        Kind::Installations => moving.installations().await?,
        Kind::Collections => moving.collections().await?,
        Kind::Media => moving.media(at.below).await?,
        Kind::Leads => moving.leads(at.below).await?,
        Kind::Payloads => moving.payloads(at.below).await?,
        Kind::Invoices => moving.invoices(at.below).await?,
        Kind::Chats => moving.chats(at.below).await?,
        Kind::Notifications => moving.notifications(at.below).await?,
        Kind::Budgets | Kind::Settled => moving.budgets().await?,
    };
    let next = match below {
        Goes::On(below) => At { below, ..at },
        Goes::Through => At { kind: at.kind + 1, below: None, ..at },
    };
    Ok(Step::More(Some(next.written())))
}

/// Lets go of a group in which nothing was when it was deleted, if nothing is in it when nobody can be at work any more who believed
/// that it was there. Else it stays: nobody has said where its content is to go.
async fn unused(app: &App, tenant: TenantId, group: &Group, held: Millis) -> Result<Step> {
    if app.now() < held {
        return Ok(Step::Wait(held));
    }
    if groups::contents(app.repos(tenant), group.id, app.now()).await?.is_empty() {
        app.store.write(orgs::delete_group(tenant, group)).await?;
        return Ok(Step::Done);
    }
    let stays = Group { leaving: None, v: group.v + 1, ..group.clone() };
    let happened = Happened::new(EventType::GroupUpdated, Subject::of("group", group.id)).in_group(group.id);
    let event = happened.with("name", group.name.as_str()).event(app.id(), None);
    let writes = vec![orgs::replace_group(tenant, group, &stays)?, events::put(tenant, &event)?];
    store::apply(&*app.store, writes).await?;
    Ok(Step::Done)
}

/// Whether a kind has come to its end.
enum Goes {
    /// From here, or from the beginning of what is left.
    On(Option<Id>),
    Through,
}

/// The group where what goes to one ends up, or where it would if that one is not on its way out. As many steps as there are groups at
/// the most: each heir was open when it was named.
async fn heir(app: &App, tenant: TenantId, mut to: GroupId) -> Result<GroupId> {
    for _ in 0..groups::MAX_GROUPS {
        match orgs::group(&*app.store, tenant, to).await? {
            Some(group) => match group.leaving {
                Some(leaving) => to = leaving.to,
                None => return Ok(to),
            },
            None => break,
        }
    }
    // Its item is gone with where it went to: the oldest that is there.
    Ok(orgs::open_group(&*app.store, tenant).await?.map_or(to, |group| group.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_reads_back_and_anything_else_is_the_beginning() {
        let id = Id::from_u64(77);
        for at in [
            At::FIRST,
            At { again: true, kind: 6, below: id },
            At { again: false, kind: ORDER.len() - 1, below: None },
        ] {
            assert_eq!(At::parse(Some(&at.written())), at);
        }
        for text in [None, Some(""), Some("2:nothing"), Some("x")] {
            assert_eq!(At::parse(text), At::FIRST, "{text:?}");
        }
    }
}
