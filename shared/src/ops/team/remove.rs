//! Letting somebody go.

use futures::{StreamExt, stream};

use super::{covers_role, get, mark_without};
use crate::{
    domain::{
        api_key::ApiKey,
        event::{EventType, Happened, Subject},
        principal::Principal,
    },
    error::{LogFailure, Result},
    ids::UserId,
    ops::{act::Act, again::Again},
    repo::{orgs, second_factors},
    store::Write,
};

/// Keys that end in the same transaction as their user; more than nearly anybody has.
const TOGETHER: usize = 40;
/// Of those beyond, so many are ended at once.
const AT_ONCE: usize = 8;

/// Takes somebody out of the organization. The address is free again; sessions and keys end, here at once, in instances that met
/// them just now within a minute. What he did stays.
///
/// # Errors
/// 403 `missing_scope` where the member may more than `by`; 422 `last_admin`.
pub async fn remove(act: &Act, by: &Principal, id: UserId) -> Result<()> {
    let mut again = Again::new(&act.app, "a member");
    let (user, keys) = loop {
        // Both, whoever it is: what is read of nobody must not tell that there is nobody.
        let (user, keys) = tokio::join!(get(act, id), keys_of(act, id));
        let (user, keys) = (user?, keys?);
        covers_role(by, user.role)?;
        let mark = mark_without(act, &user, None).await?;
        let members = act.repos().members();
        let mut writes = members.remove(&user);
        writes.extend(mark.map(|mark| members.fewer_admins(mark)));
        if user.second_factor {
            writes.push(second_factors::remove(act.tenant, id));
        }
        for key in keys.iter().take(TOGETHER) {
            writes.extend(ended(act, key)?);
        }
        writes.push(act.emit(user.happened(EventType::MemberRemoved))?);
        match act.commit_authorized(writes, &()).await {
            Ok(()) => break (user, keys),
            Err(refused) => again.after(refused).await?,
        }
    };
    let accounts = act.app.accounts();
    accounts.forget_user(user.tenant, user.id);
    // They are dead already, for their user is gone; this is for those who look at the list.
    stream::iter(keys.iter().skip(TOGETHER))
        .for_each_concurrent(AT_ONCE, async |key| {
            end(act, key).await.log_failure("a key of somebody who is gone is not marked as ended");
        })
        .await;
    Ok(())
}

/// His keys that work.
async fn keys_of(act: &Act, id: UserId) -> Result<Vec<ApiKey>> {
    let mut keys = act.repos().api_keys().working(act.now).await?;
    keys.retain(|key| key.user_id == id);
    Ok(keys)
}

/// The writes that end a key.
fn ended(act: &Act, key: &ApiKey) -> Result<[Write; 2]> {
    let happened = Happened::new(EventType::ApiKeyRevoked, Subject::of("api_key", key.id));
    let event = happened.with("name", key.name.as_str()).with("last_four", key.last4.as_str());
    Ok([orgs::end_key(&key.hash, act.now), act.emit(event)?])
}

async fn end(act: &Act, key: &ApiKey) -> Result<()> {
    Ok(act.app.store.transact(ended(act, key)?.into()).await?)
}
