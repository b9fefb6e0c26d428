//! Client groups: in each an agency keeps what is one client's.
//!
//! Its one rule: nothing is lost with a group. One that holds something is deleted only together with a word on where that goes, and
//! what comes into it while it goes is moved after it.

use futures::future::try_join;

use super::{act::Act, again::Again};
use crate::{
    domain::{
        budget::Scope,
        chore::What,
        event::{EventType, Happened, Subject},
        org::{Group, Leaving},
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::GroupId,
    repo::{self, listing::Listed, media_stats, orgs},
};

/// Client groups of an organization, at the most.
pub const MAX_GROUPS: usize = 500;

/// What becomes of a group that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    pub id: GroupId,
    /// Where what lies in it goes; none where nothing does.
    pub moves_to: Option<GroupId>,
}

/// The groups that the act reaches, oldest first, also those whose content is still on its way to another.
pub async fn list(act: &Act) -> Result<Vec<Group>> {
    let mut groups = orgs::groups(&*act.app.store, act.tenant).await?;
    groups.retain(|group| act.reach.covers(group.id) && is_shown(group));
    Ok(groups)
}

/// Makes a group. Fails with `too_many_groups` where there are as many as there may be.
pub async fn create(act: &Act, name: String) -> Result<Group> {
    if orgs::groups(&*act.app.store, act.tenant).await?.len() >= MAX_GROUPS {
        let message = format!("There are {MAX_GROUPS} client groups already, as many as there may be.");
        return Err(Error::new(ErrorKind::WrongState, "too_many_groups", message));
    }
    let group = Group::new(act.app.id(), name, act.now);
    let event = happened(EventType::GroupCreated, &group);
    let writes = vec![orgs::insert_group(act.tenant, &group)?, act.emit(event)?];
    act.commit_once(writes, &group, &group).await?;
    Ok(group)
}

/// Gives a group another name.
pub async fn rename(act: &Act, id: GroupId, name: &str) -> Result<Group> {
    let mut again = Again::new(&act.app, "the client group");
    let mut written = None;
    loop {
        let before = get(act, id).await?;
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        if written.as_ref() == Some(&before) || before.name == name {
            return Ok(before);
        }
        let after = Group { name: name.to_owned(), v: before.v + 1, ..before.clone() };
        let event = happened(EventType::GroupUpdated, &after);
        let writes = vec![orgs::replace_group(act.tenant, &before, &after)?, act.emit(event)?];
        match act.commit(writes, &after).await {
            Ok(()) => return Ok(after),
            Err(refused) => again.after(refused).await?,
        }
        written = Some(after);
    }
}

/// Deletes a group: at once where nothing lies in it, and otherwise after all of it has moved to the group that is named. Asked
/// again, it tells where that goes.
///
/// # Errors
/// 409 `last_group`, and `group_not_empty` with what lies in it where no other group is named; 403 `no_such_group` for one to move to
/// that is not there.
pub async fn delete(act: &Act, id: GroupId, move_to: Option<GroupId>) -> Result<Deleted> {
    let mut again = Again::new(&act.app, "the client group");
    loop {
        let before = get(act, id).await?;
        if let Some(leaving) = before.leaving {
            return Ok(Deleted { id, moves_to: Some(leaving.to) });
        }
        let heir = heir(act, id, move_to).await?;
        if move_to.is_none() {
            is_empty(&contents(act, id).await?)?;
        }
        let leaving = Leaving { to: heir, since: act.now, shown: move_to.is_some() };
        let after = Group { leaving: Some(leaving), v: before.v + 1, ..before.clone() };
        let (chore, task) = act.chore(What::MoveGroup { group_id: id })?;
        let event =
            happened(EventType::GroupDeleted, &before).with_some("move_to", move_to.map(GroupId::get));
        let writes = vec![orgs::replace_group(act.tenant, &before, &after)?, chore, act.emit(event)?];
        let deleted = Deleted { id, moves_to: move_to };
        match act.commit(writes, &deleted).await {
            Ok(()) => {
                act.app.hint(&task, act.now).await;
                return Ok(deleted);
            }
            Err(refused) => again.after(refused).await?,
        }
    }
}

/// A group that is there for the act.
async fn get(act: &Act, id: GroupId) -> Result<Group> {
    let found = orgs::group(&*act.app.store, act.tenant, id).await?;
    found.filter(|group| act.reach.covers(group.id) && is_shown(group)).or_not_found("client group")
}

fn is_shown(group: &Group) -> bool {
    group.leaving.is_none_or(|leaving| leaving.shown)
}

fn happened(kind: EventType, group: &Group) -> Happened {
    Happened::new(kind, Subject::of("group", group.id)).in_group(group.id).with("name", group.name.as_str())
}

/// Where what lies in a group goes, or what comes into it late: the group that is named, or the oldest other one.
async fn heir(act: &Act, id: GroupId, move_to: Option<GroupId>) -> Result<GroupId> {
    if move_to == Some(id) {
        return Err(Error::invalid("move_to", "must be another client group than the one that is deleted"));
    }
    let groups = orgs::groups(&*act.app.store, act.tenant).await?;
    let other = groups.iter().find(|group| group.id != id && group.is_open());
    let other = other.ok_or_else(|| {
        let message = "An organization has at least one client group. Make another one first.";
        Error::new(ErrorKind::WrongState, "last_group", message)
    })?;
    match move_to {
        // One that has just been read may be on its way out, which is asked here and not taken from the list of before.
        Some(named) => orgs::group(&*act.app.store, act.tenant, named)
            .await?
            .filter(|group| group.is_open() && act.reach.covers(named))
            .map(|_| named)
            .ok_or_else(|| {
                Error::new(ErrorKind::Forbidden, "no_such_group", "You have no client group of this id.")
            }),
        None => Ok(other.id),
    }
}

fn is_empty(contents: &[&'static str]) -> Result<()> {
    if contents.is_empty() {
        return Ok(());
    }
    let message = format!(
        "The client group holds {}. Say with move_to which client group they go to.",
        contents.join(", ")
    );
    Err(Error::new(ErrorKind::WrongState, "group_not_empty", message).with("contents", contents.to_vec()))
}

/// The kinds of what lies in a group or is bound to it. A kind of which there is so much in the organization that it cannot be looked
/// through counts as there.
pub async fn contents(act: &Act, id: GroupId) -> Result<Vec<&'static str>> {
    let (indexed, others) = try_join(in_indexes(act, id), in_lists(act, id)).await?;
    let (settings, people) = try_join(in_settings(act, id), of_people(act, id)).await?;
    Ok([indexed, others, settings, people]
        .concat()
        .into_iter()
        .filter_map(|(kind, is)| is.then_some(kind))
        .collect())
}

type Kinds = Vec<(&'static str, bool)>;

/// What is counted by group, or listed by it.
async fn in_indexes(act: &Act, id: GroupId) -> Result<Kinds> {
    let (store, repos) = (&*act.app.store, act.repos());
    let (leads_table, chats) = (repos.leads(), repos.chats());
    let (one, facet) = ([id], repo::leads::in_group(id));
    let (leads, media, sums) = tokio::try_join!(
        leads_table.is_any_under(&facet),
        media_stats::counts(store, act.tenant, Some(&one)),
        chats.sums(Some(&one)),
    )?;
    let chats = sums.active + sums.completed + sums.abandoned;
    Ok(vec![("leads", leads), ("media", media.total() > 0), ("chats", chats > 0)])
}

/// What has to be looked through.
async fn in_lists(act: &Act, id: GroupId) -> Result<Kinds> {
    let repos = act.repos();
    let (payloads, invoices, notifications) = (repos.payloads(), repos.invoices(), repos.notifications());
    let payload = repo::payloads::Filter { group_id: Some(id), ..Default::default() };
    let invoice = repo::invoices::Filter { group_id: Some(id), ..Default::default() };
    let notification = repo::notifications::Filter { group_id: Some(id), ..Default::default() };
    let (payloads, invoices, notifications) = tokio::try_join!(
        payloads.list(&payload, 1, None),
        invoices.list(&invoice, 1, None),
        notifications.list(&notification, 1, None),
    )?;
    Ok(vec![
        ("payloads", some(&payloads)),
        ("invoices", some(&invoices)),
        ("notifications", some(&notifications)),
    ])
}

/// Whether a list of what lies in a group holds something, as far as it was read.
fn some<T>(listed: &Listed<T>) -> bool {
    !listed.is_empty() || listed.next.is_some()
}

async fn in_settings(act: &Act, id: GroupId) -> Result<Kinds> {
    let repos = act.repos();
    let (collections, installations, settled) = (repos.collections(), repos.installations(), repos.settled());
    let (collections, installations, money) =
        tokio::try_join!(collections.all(), installations.every(installations.oldest()), settled.load(),)?;
    let collection = collections.found.iter().any(|counted| counted.collection.group_id == id);
    let installation = installations.found.iter().any(|installation| installation.group_id == id);
    let budget = money.budgets.iter().any(|budget| budget.group_id == id || budget.scope == Scope::Group(id));
    Ok(vec![("collections", collection), ("budgets", budget), ("installations", installation)])
}

/// Who is bound to it, and keys whose things lie in it.
async fn of_people(act: &Act, id: GroupId) -> Result<Kinds> {
    let store = &*act.app.store;
    let (users, keys) = try_join(orgs::users(store, act.tenant), orgs::keys(store, act.tenant)).await?;
    let user = users.iter().any(|user| user.groups.contains(&id));
    let key = keys.iter().any(|key| key.usable(act.now) && (key.group_id == id || key.groups.contains(&id)));
    Ok(vec![("users", user), ("keys", key)])
}
