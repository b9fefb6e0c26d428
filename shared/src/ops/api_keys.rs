//! API keys: making, showing, ending and rotating them, and how often each is used.
//!
//! Its one rule: nobody gives what he lacks. A key that is made by a key holds no other scopes, lives no longer and is bound by
//! no wider terms; what a role allows bounds what a person makes.

use std::{collections::BTreeMap, time::Duration};

use secrecy::SecretString;
use serde::Deserialize;

use super::{
    act::{Act, Refused},
    happened,
    origin::{check_group, check_groups},
};
use crate::{
    accounts::NewKey,
    clock::Millis,
    domain::{
        api_key::{ApiKey, Retirement, Terms, TooWide},
        dialect::Letter,
        event::EventType,
        key_use::KeyUse,
        principal::{Credential, Principal, covers},
        reach::Reach,
    },
    error::{Error, ErrorKind, OrNotFound, Result},
    ids::{ApiKeyId, GroupId},
    repo::{
        listing::Listed,
        orgs,
        pages::{Asked, Page},
    },
    store::Item,
};

/// What a key is called that nobody has named.
pub const DEFAULT_NAME: &str = "API key";
/// The longest life of a key that has an end, in days.
pub const MAX_DAYS: u32 = 3_650;
/// Scopes of one key.
pub const MAX_SCOPES: usize = 100;
/// Keys of an organization that work at once, without those that run out because they were rotated.
pub const MAX_KEYS: usize = 500;
/// And with these.
const MAX_WORKING: usize = 2 * MAX_KEYS;
/// A key that was rotated works on for so many hours, unless it is said otherwise.
pub const OVERLAP: u32 = 24;
/// And for so many at the most.
pub const MAX_OVERLAP: u32 = 7 * 24;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A key to make.
#[derive(Debug, Clone, Default)]
pub struct NewApiKey {
    /// [`DEFAULT_NAME`] when left out.
    pub name: Option<String>,
    /// Days until it ends, 1 to [`MAX_DAYS`]. It lives as long as who asks for it when left out.
    pub expires_in: Option<u32>,
    /// What it may do; none for all that who asks for it may do.
    pub scopes: Vec<String>,
    pub dialect: Option<Letter>,
    /// None for the group that who asks for it works in.
    pub group_id: Option<GroupId>,
    /// The client groups that it is bound to; none for those of its user.
    pub groups: Vec<GroupId>,
    pub terms: Terms,
}

/// A key that was made. Its text is here and nowhere else.
#[derive(Debug)]
pub struct Created {
    pub key: ApiKey,
    pub text: SecretString,
}

/// A key that was ended, now or before.
#[derive(Debug)]
pub struct Revoked {
    pub key: ApiKey,
    /// No other key of the organization works.
    pub was_last: bool,
}

/// A key and its successor.
#[derive(Debug)]
pub struct Rotated {
    pub new: Created,
    /// The one before, with the moment at which it ends.
    pub old: ApiKey,
}

/// Keys, the newest first, each with how often it was used.
#[derive(Debug)]
pub struct Usage {
    pub keys: Vec<(ApiKey, KeyUse)>,
    /// Where there are more than are shown.
    pub more: bool,
}

/// Makes a key that acts as `by`.
///
/// # Errors
/// 403 `missing_scope` when `by` lacks a scope, and `no_such_group` also where it is bound to others; 422 with every term that is wider than those of `by`, and
/// `too_many_keys`.
pub async fn create(act: &Act, by: &Principal, new: NewApiKey) -> Result<Created> {
    let scopes = if new.scopes.is_empty() { by.scopes.clone() } else { new.scopes };
    hands_on(by, &scopes)?;
    let mut problems = Problems::default();
    let expires_at = problems.life(by, new.expires_in, act.now);
    let terms = problems.terms(by, new.terms);
    let bound = Reach::of(&new.groups).within(&by.reach);
    if new.group_id.is_some_and(|group| !bound.covers(group)) && !new.groups.is_empty() {
        problems.add("group_id", "must be one of the client groups that the key is bound to");
    }
    problems.none()?;
    check_groups(act, &new.groups).await?;
    check_group(act, new.group_id).await?;
    is_room(&act.repos().api_keys().working(act.now).await?, 1)?;
    let name = new.name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let wish = NewKey {
        name,
        expires_at,
        scopes,
        dialect: new.dialect,
        group_id: Some(bound.home(new.group_id.unwrap_or(by.group_id))),
        // Who is bound gives what he makes no more than he has.
        // A person's key follows its person; one that a key makes stays within that one.
        groups: match by.credential {
            Credential::Operator => new.groups,
            _ => bound.groups().map(<[_]>::to_vec).unwrap_or_default(),
        },
        terms,
    };
    let (key, text) = act.app.accounts().draft_key(by, wish);
    let writes = vec![orgs::insert_key(&key)?, happened::key(act, EventType::ApiKeyCreated, &key)?];
    let created = Created { key, text };
    act.commit_authorized(writes, &created).await?;
    Ok(created)
}

/// A page of the keys of the organization, the newest first, also those that have ended.
pub async fn list(act: &Act, asked: Asked) -> Result<Page<ApiKey>> {
    Ok(act.repos().api_keys().page(asked, act.now).await?)
}

/// One key, also one that has ended.
pub async fn get(act: &Act, id: ApiKeyId) -> Result<ApiKey> {
    act.repos().api_keys().get(id, act.now).await?.or_not_found("API key")
}

/// Ends a key at once; instances that know it follow within a minute. Ending it again changes nothing.
pub async fn revoke(act: &Act, id: ApiKeyId) -> Result<Revoked> {
    let keys = act.repos().api_keys();
    let (key, working) = tokio::try_join!(keys.get(id, act.now), keys.working(act.now))?;
    let key = key.or_not_found("API key")?;
    if key.revoked_at.is_some() {
        return Ok(Revoked { key, was_last: false });
    }
    // One that was rotated is about to end.
    let others = working.iter().any(|other| other.id != id && other.retirement.is_none());
    let was_last = key.usable(act.now) && !others;
    let revoked_at = Some(act.now);
    let revoked = Revoked { key: ApiKey { revoked_at, sealed_text: None, ..key.clone() }, was_last };
    let told = happened::key(act, EventType::ApiKeyRevoked, &key)?;
    let writes = vec![keys.revoke(&key, act.now), told];
    // Whoever gives up what he came with may do so also where it was taken from him meanwhile.
    let committed = match act.credential == Credential::ApiKey(id) {
        true => act.commit(writes, &revoked).await,
        false => act.commit_authorized(writes, &revoked).await,
    };
    match committed {
        Ok(()) => {}
        // Somebody else was quicker; or this write was repeated and met itself.
        Err(Refused::Write(_, Some(standing))) => {
            act.app.accounts().forget_key(&key);
            return ended(&standing, was_last);
        }
        Err(Refused::Write(_, None)) => return Err(Error::not_found("API key")),
        Err(refused) => return Err(refused.into()),
    }
    act.app.accounts().forget_key(&key);
    Ok(revoked)
}

fn ended(standing: &Item, was_last: bool) -> Result<Revoked> {
    let key = ApiKey::deserialize(&*standing.attrs()?).map_err(Error::unreadable)?;
    Ok(Revoked { key, was_last })
}

/// Makes a key in the place of another, with the same settings and as long a life, and lets the other work on for `overlap`.
///
/// Rotated once more while it works on, a key has two successors: whoever lost the text of the first makes another, and revokes
/// the one that was lost.
///
/// # Errors
/// 403 `missing_scope` or `wider_key` where the key can do more than `by`; 409 `api_key_ended`.
pub async fn rotate(act: &Act, by: &Principal, id: ApiKeyId, overlap: Duration) -> Result<Rotated> {
    let keys = act.repos().api_keys();
    let (old, working) = tokio::try_join!(keys.get(id, act.now), keys.working(act.now))?;
    let old = old.or_not_found("API key")?;
    if !old.usable(act.now) {
        return Err(ended_already());
    }
    let itself = by.credential == Credential::ApiKey(old.id);
    if !itself {
        hands_on(by, &old.scopes)?;
        is_no_wider(by, &old)?;
    }
    // Its place among those that stay goes to the successor, unless it has gone to one already.
    is_room(&working, usize::from(old.retirement.is_some()))?;
    let life = old.life().map(|life| act.now.plus(life));
    // A key gives itself as long a life anew, but not where another has taken its place: then it is to end, and what it makes with it.
    let bound = by.expires_at.filter(|_| !itself || old.retirement.is_some());
    let wish = NewKey {
        name: old.name.clone(),
        expires_at: life.into_iter().chain(bound).min(),
        scopes: old.scopes.clone(),
        dialect: old.dialect,
        group_id: Some(old.group_id),
        groups: old.groups.clone(),
        terms: old.terms.clone(),
    };
    let (key, text) = act.app.accounts().successor(&old, wish);
    let at = act.now.plus(overlap);
    let retirement = Retirement {
        successor: key.id,
        // One that was rotated before is not given more time.
        at: old.retirement.map_or(at, |before| before.at.min(at)),
    };
    let told = happened::rotated(act, &key, old.id)?;
    let mut writes = vec![orgs::insert_key(&key)?, keys.retire(&old, retirement)?, told];
    let owner = orgs::user(&*act.app.store, act.tenant, old.user_id).await?;
    // With its user the key has ended, whether or not that was noted on it.
    let owner = Some(owner.ok_or_else(ended_already)?);
    // The key that a user calls his own is the new one from now on.
    let owner = owner.filter(|owner| owner.api_key.as_ref() == Some(&old.hash));
    writes.extend(owner.map(|owner| orgs::set_personal_key(&owner, &key)));
    let old = ApiKey { retirement: Some(retirement), sealed_text: None, ..old };
    let rotated = Rotated { new: Created { key, text }, old };
    act.commit_authorized(writes, &rotated).await?;
    act.app.accounts().forget_key(&rotated.old);
    Ok(rotated)
}

fn ended_already() -> Error {
    let message = "The key was revoked or has expired. Make a new one.";
    Error::new(ErrorKind::WrongState, "api_key_ended", message)
}

/// How often the keys were used, the newest key first.
pub async fn usage(act: &Act) -> Result<Usage> {
    let Listed { found, next, .. } = act.repos().api_keys().newest(act.now).await?;
    let mut uses = match (found.last(), found.first()) {
        (Some(oldest), Some(newest)) => act.repos().key_uses().between(oldest.id, newest.id, act.now).await?,
        _ => BTreeMap::new(),
    };
    let keys = found.into_iter().map(|key| {
        let used = uses.remove(&key.id).unwrap_or_default();
        (key, used)
    });
    Ok(Usage { keys: keys.collect(), more: next.is_some() })
}

/// Whether so many more keys may stay, among those that work.
fn is_room(working: &[ApiKey], more: usize) -> Result<()> {
    let staying = working.iter().filter(|key| key.retirement.is_none()).count();
    if staying + more <= MAX_KEYS && working.len() < MAX_WORKING {
        return Ok(());
    }
    let message = format!(
        "An organization has at most {MAX_KEYS} keys that work, and {MAX_WORKING} with those that were rotated and work on. \
         Revoke one that is not used any more."
    );
    Err(Error::new(ErrorKind::Invalid, "too_many_keys", message))
}

/// Whether somebody may give these scopes to a key.
fn hands_on(by: &Principal, scopes: &[String]) -> Result<()> {
    let missing: Vec<_> = scopes
        .iter()
        .filter(|scope| !by.scopes.iter().any(|held| covers(held, scope)))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message =
        format!("The credential that asks lacks {}, and nobody gives what he lacks.", missing.join(", "));
    Err(Error::new(ErrorKind::Forbidden, "missing_scope", message))
}

/// Whether whoever reads the text of a key's successor could do nothing with it that he cannot do himself.
fn is_no_wider(by: &Principal, key: &ApiKey) -> Result<()> {
    if key.terms.clone().within(&by.terms).as_ref() == Ok(&key.terms) {
        return Ok(());
    }
    let message = "That key may be used from more networks or more often than the one that asks.";
    Err(Error::new(ErrorKind::Forbidden, "wider_key", message))
}

/// What is wrong with a wish, all of it.
#[derive(Default)]
struct Problems(BTreeMap<String, Vec<String>>);

impl Problems {
    fn add(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.0.entry(field.into()).or_default().push(problem.into());
    }

    /// When a key ends that is to live so many days.
    fn life(&mut self, by: &Principal, days: Option<u32>, now: Millis) -> Option<Millis> {
        let Some(days) = days else { return by.expires_at };
        let end = now.plus(days * DAY);
        if by.expires_at.is_some_and(|latest| end > latest) {
            self.add("expires_in", "must end no later than the key that asks for it");
        }
        Some(end)
    }

    fn terms(&mut self, by: &Principal, terms: Terms) -> Terms {
        terms.within(&by.terms).unwrap_or_else(|wide| {
            for TooWide { field, at, problem } in wide {
                let path = at.map_or_else(|| field.to_owned(), |at| format!("{field}[{at}]"));
                self.add(path, problem);
            }
            Terms::default()
        })
    }

    fn none(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::fields(self.0)) }
    }
}

/// So many hours of overlap.
pub fn overlap(hours: Option<u32>) -> Duration {
    hours.unwrap_or(OVERLAP).min(MAX_OVERLAP) * HOUR
}
