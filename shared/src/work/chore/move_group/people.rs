//! Who is bound to a client group that goes, and whose sessions and keys make things in it.

use super::{Goes, kinds::Move};
use crate::{
    domain::{
        api_key::ApiKey,
        event::{EventType, Happened},
        org::{Moved, User},
        reach::MAX_BOUND,
        session::SESSION_LIFE,
    },
    error::Result,
    ids::GroupId,
    ops::team,
    repo::{api_keys, events, orgs},
    store::{self, StoreError, Write},
};

/// People of a step.
const TOLD: usize = 100;

/// A group in the place of another among those that somebody is bound to.
fn instead(groups: &[GroupId], from: GroupId, to: GroupId) -> Vec<GroupId> {
    let mut groups: Vec<_> = groups.iter().map(|group| if *group == from { to } else { *group }).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The groups that somebody was bound to, with the one that goes if he is bound to it.
fn former(former: &[GroupId], groups: &[GroupId], from: GroupId) -> Vec<GroupId> {
    let mut all = former.to_vec();
    if groups.contains(&from) && !all.contains(&from) {
        all.push(from);
    }
    all.split_off(all.len().saturating_sub(MAX_BOUND))
}

/// The write of an event that follows from the deletion of the group.
fn told(moving: &Move<'_>, happened: Happened) -> Result<Write> {
    Ok(events::put(moving.tenant, &happened.event(moving.app.id(), None))?)
}

/// Every person learns where the group went: their sessions and keys name it as long as they live.
pub(super) async fn users(moving: &Move<'_>) -> Result<Goes> {
    let (app, from, to) = (moving.app, moving.from, moving.to);
    let mut changed = 0;
    for user in orgs::users(&*app.store, moving.tenant).await? {
        if user.moved.iter().any(|moved| moved.from == from && moved.to == to) && !user.groups.contains(&from)
        {
            continue;
        }
        if changed == TOLD {
            return Ok(Goes::On(None));
        }
        changed += 1;
        let now = app.now();
        let mut moved = user.moved.clone();
        // Sessions of before have ended by now, and the keys of before name other groups.
        moved.retain(|moved| now.since(moved.at) < 2 * SESSION_LIFE && moved.from != from);
        moved.push(Moved { from, to, at: now });
        let groups = instead(&user.groups, from, to);
        let former = former(&user.former, &user.groups, from);
        let after = User { groups, moved, former, ..user.clone() };
        let mut writes = vec![orgs::move_user(&user, &after)?];
        if after.groups != user.groups {
            writes.push(told(moving, team::told(&user, &after))?);
        }
        match store::apply(&*app.store, writes).await {
            Ok(()) => app.accounts().forget_sessions_of(&user),
            // Changed or removed at this moment: the next step looks again.
            Err(StoreError::ConditionFailed(_) | StoreError::Canceled(_)) => return Ok(Goes::On(None)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Goes::Through)
}

pub(super) async fn keys(moving: &Move<'_>) -> Result<Goes> {
    let (app, from, to) = (moving.app, moving.from, moving.to);
    for key in orgs::keys(&*app.store, moving.tenant).await? {
        if key.group_id != from && !key.groups.contains(&from) {
            continue;
        }
        let group_id = if key.group_id == from { to } else { key.group_id };
        let after = ApiKey {
            group_id,
            groups: instead(&key.groups, from, to),
            former: former(&key.former, &key.groups, from),
            ..key.clone()
        };
        let mut writes = vec![api_keys::regroup(&after)];
        if after.groups != key.groups && key.usable(app.now()) {
            writes.push(told(moving, after.happened(EventType::ApiKeyUpdated))?);
        }
        match store::apply(&*app.store, writes).await {
            Ok(()) => app.accounts().forget_key(&key),
            // Forgotten meanwhile.
            Err(StoreError::ConditionFailed(_) | StoreError::Canceled(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Goes::Through)
}
