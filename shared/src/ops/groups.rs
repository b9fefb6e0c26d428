//! Client groups: in each an agency keeps what is one client's.
//!
//! Its one rule: nothing is lost with a group, and nothing of one client's comes to another unless somebody says so. One that holds
//! something is deleted only together with a word on where that goes, and what comes into it while it goes is moved after it. One that
//! was empty, and into which something came meanwhile, stays.

use futures::future::try_join;

use super::{act::Act, again::Again};
use crate::{
    clock::Millis,
    domain::{
        budget::Scope,
        chore::What,
        event::{EventType, Happened, Subject},
        grouping::Grouped,
        org::{Group, Leaving},
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::{EntityId, GroupId, Id},
    repo::{
        self, Repos,
        listing::{Listed, Row},
        media_stats, orgs,
    },
    store::StoreError,
};

/// What is looked through for something of a group: lists of so many, and rows of each.
const MOST_READ: usize = 12;
const AT_ONCE: usize = 100;
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
pub async fn list(act: &Act) -> Result<Vec<Row<Group>>> {
    let mut groups = orgs::group_rows(&*act.app.store, act.tenant).await?;
    groups.retain(|row| match row {
        Ok(group) => act.reach.covers(group.id) && group.is_shown(),
        Err(unreadable) => act.reach.covers(GroupId::of(unreadable.id)),
    });
    Ok(groups)
}

/// Makes a group. Fails with `too_many_groups` where there are as many as there may be.
pub async fn create(act: &Act, name: String) -> Result<Group> {
    let groupings = act.repos().groupings();
    let (groups, grouping) = try_join(orgs::groups(&*act.app.store, act.tenant), groupings.load()).await?;
    if groups.len() >= MAX_GROUPS {
        let message = format!("There are {MAX_GROUPS} client groups already, as many as there may be.");
        return Err(Error::new(ErrorKind::WrongState, "too_many_groups", message));
    }
    let group = Group::new(act.app.id(), name, act.now);
    let event = happened(EventType::GroupCreated, &group);
    let mut writes = vec![orgs::insert_group(act.tenant, &group)?, act.emit(event)?];
    if grouping.grouped == Grouped::No && !groups.is_empty() {
        // The second one. What lists by client group is written from now on, and made up for what is there.
        writes.push(groupings.put_next(&grouping.becomes(Grouped::Written))?);
        let (chore, due) = act.metering().chore(What::ListByGroup);
        writes.push(act.repos().chores().insert(&chore, due)?);
    }
    let made = act.commit_authorized(writes, &group).await;
    act.app.forget_grouping(act.tenant);
    match made {
        Err(refused) if !refused.met_itself(&group) => Err(refused.into()),
        _ => Ok(group),
    }
}

/// Gives a group another name. Fails with `group_moving` where it is on its way out.
pub async fn rename(act: &Act, id: GroupId, name: &str) -> Result<Group> {
    let mut again = Again::new(&act.app, "the client group");
    let mut written = None;
    loop {
        let before = get(act, id).await?;
        // An engine repeats a write whose answer was lost, and the repeat meets the first.
        if written.as_ref() == Some(&before) || before.name == name {
            return Ok(before);
        }
        if let Some(leaving) = before.leaving {
            return Err(moving(leaving.to));
        }
        let after = Group { name: name.to_owned(), v: before.v + 1, ..before.clone() };
        let event = happened(EventType::GroupUpdated, &after);
        let writes = vec![orgs::replace_group(act.tenant, &before, &after)?, act.emit(event)?];
        match act.commit_authorized(writes, &after).await {
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
/// 409 `last_group`, `group_is_target` where another one moves to it, `group_moving` where it moves elsewhere, and `group_not_empty` with what lies in it where no other group is named; 403 `no_such_group` for one to move to
/// that is not there.
pub async fn delete(act: &Act, id: GroupId, move_to: Option<GroupId>) -> Result<Deleted> {
    let mut again = Again::new(&act.app, "the client group");
    loop {
        let before = get(act, id).await?;
        if let Some(leaving) = before.leaving {
            let another = move_to.is_some_and(|named| named != leaving.to);
            return if another {
                Err(moving(leaving.to))
            } else {
                Ok(Deleted { id, moves_to: Some(leaving.to) })
            };
        }
        let heir = heir(act, id, move_to).await?;
        if move_to.is_none() {
            is_empty(&contents(act.repos(), id, act.now).await?)?;
        }
        let leaving = Leaving { to: heir.id, since: act.now, shown: move_to.is_some() };
        let after = Group { leaving: Some(leaving), v: before.v + 1, ..before.clone() };
        let (chore, task) = act.chore(What::MoveGroup { group_id: id })?;
        let event =
            happened(EventType::GroupDeleted, &before).with_some("move_to", move_to.map(GroupId::get));
        let mut writes = vec![orgs::replace_group(act.tenant, &before, &after)?, chore, act.emit(event)?];
        if move_to.is_some() {
            // Whoever deletes that one at the same moment meets this, and sees then what is on its way there.
            let met = Group { v: heir.v + 1, ..heir.clone() };
            writes.push(orgs::replace_group(act.tenant, &heir, &met)?);
        }
        let deleted = Deleted { id, moves_to: move_to };
        match act.commit_authorized(writes, &deleted).await {
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
    found.filter(|group| act.reach.covers(group.id) && group.is_shown()).or_not_found("client group")
}

fn happened(kind: EventType, group: &Group) -> Happened {
    Happened::new(kind, Subject::of("group", group.id)).in_group(group.id).with("name", group.name.as_str())
}

/// The refusal of what concerns a group whose content is on its way to this one.
pub(super) fn moving(to: GroupId) -> Error {
    let message =
        format!("This client group is being deleted: its content is on its way to the client group {to}.");
    Error::new(ErrorKind::WrongState, "group_moving", message).with("moves_to", to.get())
}

/// The refusal of a group that is not there for who asks.
pub(super) fn unknown() -> Error {
    Error::new(ErrorKind::Forbidden, "no_such_group", "You have no client group of this id.")
}

/// Where what lies in a group goes: the group that is named. Without one, some other group, as there must be one.
async fn heir(act: &Act, id: GroupId, move_to: Option<GroupId>) -> Result<Group> {
    if move_to == Some(id) {
        return Err(Error::invalid("move_to", "must be another client group than the one that is deleted"));
    }
    let groups = orgs::groups(&*act.app.store, act.tenant).await?;
    if groups.iter().any(|group| group.leaving.is_some_and(|leaving| leaving.shown && leaving.to == id)) {
        let message =
            "The content of another client group is on its way to this one. Delete it when that has arrived.";
        return Err(Error::new(ErrorKind::WrongState, "group_is_target", message));
    }
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
            .ok_or_else(unknown),
        None => Ok(other.clone()),
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
pub async fn contents(repos: Repos<'_>, id: GroupId, now: Millis) -> Result<Vec<&'static str>> {
    let (indexed, others) = try_join(in_indexes(repos, id), in_lists(repos, id)).await?;
    let (settings, people) = try_join(in_settings(repos, id), of_people(repos, id, now)).await?;
    Ok([indexed, others, settings, people]
        .concat()
        .into_iter()
        .filter_map(|(kind, is)| is.then_some(kind))
        .collect())
}

type Kinds = Vec<(&'static str, bool)>;

/// What is counted by group, or listed by it.
async fn in_indexes(repos: Repos<'_>, id: GroupId) -> Result<Kinds> {
    let chats = repos.chats();
    let one = [id];
    let (leads, media, sums) = tokio::try_join!(
        is_any_lead(repos, id),
        media_stats::counts(repos.store(), repos.tenant(), Some(&one)),
        chats.sums(Some(&one)),
    )?;
    let chats = sums.active + sums.completed + sums.abandoned;
    Ok(vec![("leads", leads), ("media", media.total() > 0), ("chats", chats > 0)])
}

/// While the organization has no lists by client group yet, which is for minutes after its second one was made, they are looked
/// through.
async fn is_any_lead(repos: Repos<'_>, id: GroupId) -> Result<bool, StoreError> {
    let leads = repos.leads();
    if repos.groupings().load().await?.grouped == Grouped::Read {
        return leads.is_any_under(&repo::leads::in_group(id)).await;
    }
    let filter = repo::leads::Filter { group_id: Some(id), ..Default::default() };
    is_any(|after| leads.list(&filter, AT_ONCE, after)).await
}

/// What has to be looked through.
async fn in_lists(repos: Repos<'_>, id: GroupId) -> Result<Kinds> {
    let (payloads, invoices, notifications) = (repos.payloads(), repos.invoices(), repos.notifications());
    let payload = repo::payloads::Filter { group_id: Some(id), ..Default::default() };
    let invoice = repo::invoices::Filter { group_id: Some(id), ..Default::default() };
    let notification = repo::notifications::Filter { group_id: Some(id), ..Default::default() };
    let (payloads, invoices, notifications) = tokio::try_join!(
        is_any(|after| payloads.list(&payload, AT_ONCE, after)),
        is_any(|after| invoices.list(&invoice, AT_ONCE, after)),
        is_any(|after| notifications.list(&notification, AT_ONCE, after)),
    )?;
    Ok(vec![("payloads", payloads), ("invoices", invoices), ("notifications", notifications)])
}

/// Whether a list of what lies in a group holds something, as far as it can be read in the time of a request.
async fn is_any<T, F>(page: impl Fn(Option<Id>) -> F) -> Result<bool, StoreError>
where
    F: Future<Output = Result<Listed<T>, StoreError>>,
{
    let mut after = None;
    for _ in 0..MOST_READ {
        let listed = page(after).await?;
        if !listed.is_empty() {
            return Ok(true);
        }
        after = listed.next;
        if after.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn in_settings(repos: Repos<'_>, id: GroupId) -> Result<Kinds> {
    let (collections, installations, settled) = (repos.collections(), repos.installations(), repos.settled());
    let (collections, installations, money) =
        tokio::try_join!(collections.all(), installations.every(installations.oldest()), settled.load(),)?;
    let collection = collections.found.iter().any(|counted| counted.collection.group_id == id);
    let installation = installations.found.iter().any(|installation| installation.group_id == id);
    let budget = money.budgets.iter().any(|budget| budget.group_id == id || budget.scope == Scope::Group(id));
    Ok(vec![("collections", collection), ("budgets", budget), ("installations", installation)])
}

/// Who is bound to it, and keys whose things lie in it.
async fn of_people(repos: Repos<'_>, id: GroupId, now: Millis) -> Result<Kinds> {
    let (store, tenant) = (repos.store(), repos.tenant());
    let (users, keys) = try_join(orgs::users(store, tenant), orgs::keys(store, tenant)).await?;
    let user = users.iter().any(|user| user.groups.contains(&id));
    let key = keys.iter().any(|key| key.usable(now) && (key.group_id == id || key.groups.contains(&id)));
    Ok(vec![("users", user), ("keys", key)])
}
