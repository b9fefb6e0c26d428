//! What a member may do, and what to call him.

use super::{check_groups, covers_role, get, hands_on, mark_without, sorted};
use crate::{
    domain::{
        event::{EventType, Happened, Subject},
        org::{Role, User},
        principal::Principal,
    },
    error::Result,
    ids::{GroupId, UserId},
    ops::{act::Act, again::Again},
    repo::{members, second_factors},
    store::Write,
};

/// What is to be different of somebody.
#[derive(Debug, Clone, Default)]
pub struct MemberPatch {
    /// None to leave it, and none within to take it away.
    pub name: Option<Option<String>>,
    pub role: Option<Role>,
    /// The client groups that he is bound to from now on; an empty list for all of them.
    pub groups: Option<Vec<GroupId>>,
    /// Lets a login ask for the password only, until he chooses another second factor.
    pub forget_second_factor: bool,
}

impl MemberPatch {
    fn of(&self, before: &User) -> User {
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name.clone_from(name);
        }
        after.role = self.role.unwrap_or(before.role);
        if let Some(groups) = &self.groups {
            after.groups = sorted(groups.clone());
            if after.groups != before.groups {
                after.former.clear();
            }
        }
        if self.forget_second_factor {
            after.second_factor = false;
        }
        // What he may do has changed, or what proves that it is he: whatever he is at ends, and begins with a new login.
        let same = after.role == before.role
            && after.groups == before.groups
            && after.second_factor == before.second_factor;
        after.generation += u64::from(!same);
        if after.role != before.role || after.groups != before.groups {
            // Whoever made it had the right to open an account of the old kind.
            after.ticket = None;
        }
        after
    }
}

/// Changes somebody. Another role and other groups end an invitation that was not accepted, and a way to another password. Where his role, his groups or his second factor change, his sessions end, and his keys may do what he may:
/// here at once, in instances that met them just now within a minute.
///
/// # Errors
/// 403 `missing_scope` where the role, the old one or the new one, may more than `by`; 422 `last_admin`, and with what is wrong with the groups.
pub async fn update(act: &Act, by: &Principal, id: UserId, patch: MemberPatch) -> Result<User> {
    let mut again = Again::new(&act.app, "a member");
    loop {
        let before = get(act, id).await?;
        let after = patch.of(&before);
        let writes = if after == before { Vec::new() } else { writes(act, by, &before, &after).await? };
        match act.commit_authorized(writes, &after).await {
            Ok(()) => {
                act.app.accounts().forget_user(after.tenant, after.id);
                return Ok(after);
            }
            Err(refused) => again.after(refused).await?,
        }
    }
}

async fn writes(act: &Act, by: &Principal, before: &User, after: &User) -> Result<Vec<Write>> {
    covers_role(by, before.role)?;
    if after.generation != before.generation {
        hands_on(by, after.role)?;
    }
    check_still(act, before, after).await?;
    let mark = mark_without(act, before, Some(after)).await?;
    let mut writes = vec![members::change(before, after)?];
    writes.extend(mark.map(|mark| act.repos().members().fewer_admins(mark)));
    if before.second_factor && !after.second_factor {
        // Without it the password alone is the account.
        hands_on(by, before.role)?;
        writes.push(second_factors::remove(act.tenant, before.id));
        let off = Happened::new(EventType::SecondFactorChanged, Subject::of("member", before.id));
        writes.push(act.emit(off.with("enabled", false))?);
    }
    writes.push(act.emit(told(before, after))?);
    Ok(writes)
}

/// Whether the groups fit the role, where either is new. Groups that went away since he was bound to them stay as they are.
async fn check_still(act: &Act, before: &User, after: &User) -> Result<()> {
    if after.role == Role::Admin || after.groups != before.groups {
        check_groups(act, after.role, &after.groups).await?;
    }
    Ok(())
}

/// What the log says of a change.
pub fn told(before: &User, after: &User) -> Happened {
    let changed = [
        ("name", before.name != after.name),
        ("role", before.role != after.role),
        ("group_ids", before.groups != after.groups),
        ("second_factor", before.second_factor != after.second_factor),
    ];
    let changed = changed.into_iter().filter_map(|(name, changed)| changed.then_some(name));
    let previous = (before.role != after.role).then(|| before.role.as_str());
    after
        .happened(EventType::MemberUpdated)
        .with_some("previous_role", previous)
        .with_words("changed", changed)
}
