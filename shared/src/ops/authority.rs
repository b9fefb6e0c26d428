//! That who changes people or credentials may still do so when it is written.
//!
//! What an instance believes of a credential may be a minute old, and the role that somebody was let in with may be gone while his
//! request is at work: whoever has just been removed must not make himself a key that stays. Its one rule: the change and the checks of
//! who makes it are one transaction. The operator at the command line has no credential, and is not checked.

use super::act::{Act, Refused};
use crate::{
    domain::{
        principal::{Admitted, Credential},
        session::SessionRef,
    },
    error::{Error, ErrorKind, Result},
    repo::{api_keys, orgs, sessions},
    store::{Action, Cond, Item, Label, Write},
};

/// Labels of the writes that hang on who acts.
const USER: Label = "who acts";
const CREDENTIAL: Label = "what lets him in";

/// A write of a transaction that hangs on who acts.
pub(super) struct Bound {
    label: Label,
    /// What its own operation calls it, where it is one.
    own: Label,
    must: Cond,
}

/// Binds the writes to what the actor was let in on: by checks beside them, and by conditions of those that are about the actor's own
/// items, for a transaction writes an item once.
pub(super) fn bind(act: &Act, writes: &mut Vec<Write>) -> Result<Vec<Bound>> {
    if writes.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for check in checks(act)? {
        let own = writes.iter().position(|write| write.key == check.key);
        let write = match own {
            Some(place) => writes.remove(place),
            None => Write { cond: Cond::Always, ..check.clone() },
        };
        all.push(Bound { label: check.label, own: write.label, must: check.cond.clone() });
        // First, so that what they refuse is heard of whatever else refuses.
        writes.insert(0, write.when(check.cond).labelled(check.label));
    }
    Ok(all)
}

/// A refusal as the operation knows its writes.
///
/// # Errors
/// 403 `authority_changed` where it was of who acts.
pub(super) fn refused(act: &Act, bound: Vec<Bound>, label: Label, standing: Option<Item>) -> Result<Refused> {
    let Some(bound) = bound.into_iter().find(|bound| bound.label == label) else {
        return Ok(Refused::Write(label, standing));
    };
    let attrs = standing.as_ref().map(Item::attrs).transpose()?;
    if bound.must.holds(attrs.as_deref()) {
        return Ok(Refused::Write(bound.own, standing));
    }
    act.app.accounts().forget_user(act.tenant, act.actor.user_id);
    let message = "What you may do has changed. Try again.";
    Err(Error::new(ErrorKind::Forbidden, "authority_changed", message))
}

/// That the actor is who he was, and that what he came with still counts.
fn checks(act: &Act) -> Result<Vec<Write>> {
    let Some(Admitted { generation, key }) = &act.admitted else { return Ok(Vec::new()) };
    let user = orgs::same_user(act.tenant, act.actor.user_id, *generation).labelled(USER);
    let credential = match (act.credential, key) {
        (Credential::Session(id), _) => {
            let place = SessionRef { tenant: act.tenant, user_id: act.actor.user_id, id };
            Some(sessions::still_there(&place))
        }
        (_, Some((hash, retirement))) => Some(api_keys::same(hash, retirement.as_ref())?),
        _ => None,
    };
    debug_assert!(credential.iter().chain([&user]).all(|check| check.action == Action::Check));
    Ok(credential.map(|check| check.labelled(CREDENTIAL)).into_iter().chain([user]).collect())
}
