//! Who is bound to a client group that goes, and whose sessions and keys make things in it.

use super::{Goes, kinds::Move};
use crate::{
    domain::{
        org::{Moved, User},
        session::SESSION_LIFE,
    },
    error::Result,
    ids::GroupId,
    repo::{api_keys, orgs},
    store::StoreError,
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

/// Every person learns where the group went: their sessions and keys name it as long as they live.
pub(super) async fn users(moving: &Move<'_>) -> Result<Goes> {
    let (app, from, to) = (moving.app, moving.from, moving.to);
    let mut told = 0;
    for user in orgs::users(&*app.store, moving.tenant).await? {
        if user.moved.iter().any(|moved| moved.from == from && moved.to == to) && !user.groups.contains(&from)
        {
            continue;
        }
        if told == TOLD {
            return Ok(Goes::On(None));
        }
        told += 1;
        let now = app.now();
        let mut moved = user.moved.clone();
        // Sessions of before have ended by now, and the keys of before name other groups.
        moved.retain(|moved| now.since(moved.at) < 2 * SESSION_LIFE && moved.from != from);
        moved.push(Moved { from, to, at: now });
        let after = User { groups: instead(&user.groups, from, to), moved, ..user.clone() };
        match app.store.write(orgs::move_user(&user, &after)?).await {
            Ok(_) => app.accounts().forget_sessions_of(&user),
            // Changed or removed at this moment: the next step looks again.
            Err(StoreError::ConditionFailed(_)) => return Ok(Goes::On(None)),
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
        match app.store.write(api_keys::regroup(&key, group_id, &instead(&key.groups, from, to))).await {
            Ok(_) => app.accounts().forget_key(&key),
            // Forgotten meanwhile.
            Err(StoreError::ConditionFailed(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Goes::Through)
}
